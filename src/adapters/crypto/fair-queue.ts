/** An item that waits in the queue. */
export interface Waiting {
  /** The networks that it comes from: the widest first, each one inside the one before. */
  readonly networks: readonly string[];
  /** Whether it goes before items that are not trusted. */
  readonly isTrusted: boolean;
}

/** How many networks that had a turn the queue remembers. */
const maxRemembered = 10_000;

/**
 * A fair queue: networks take turns, however many items wait from each of them. Wide networks take turns, and inside
 * each wide network the narrower ones do. Trusted items go first, but every second turn goes to the others. Within one
 * network, the order is first in, first out.
 */
export class FairQueue<T extends Waiting> {
  private readonly turns = new Turns();
  private readonly trusted = new Line<T>(this.turns);
  private readonly others = new Line<T>(this.turns);
  private wasTrusted = false;

  constructor(private readonly capacity: number) {}

  /**
   * Adds an item. If the queue is over its capacity then, removes and returns one item: the last one of the network
   * that has the most items waiting.
   */
  add(item: T): T | undefined {
    this.lineOf(item).add(item);
    if (this.size <= this.capacity) return undefined;
    const longer = this.trusted.size > this.others.size ? this.trusted : this.others;
    return this.take(longer.lastOfLargest());
  }

  /** Removes and returns the item whose turn it is. */
  next(): T | undefined {
    const isOverloaded = this.size > this.capacity / 2;
    const [first, second] = this.wasTrusted ? [this.others, this.trusted] : [this.trusted, this.others];
    const item = this.take(first.next(isOverloaded) ?? second.next(isOverloaded));
    if (item) this.wasTrusted = item.isTrusted;
    return item;
  }

  /** Removes an item that no longer waits. */
  remove(item: T): void {
    this.lineOf(item).remove(item);
  }

  /** How many items wait. */
  get size(): number {
    return this.trusted.size + this.others.size;
  }

  private lineOf({ isTrusted }: T): Line<T> {
    return isTrusted ? this.trusted : this.others;
  }

  /** Removes an item that has its turn or is dropped. Either counts as a turn of its networks. */
  private take(item: T | undefined): T | undefined {
    if (!item) return undefined;
    this.remove(item);
    this.turns.record(item.networks);
    return item;
  }
}

/** Which networks had a turn, in which order. */
class Turns {
  private readonly last = new Map<string, number>();
  private count = 0;

  record(networks: readonly string[]): void {
    this.count++;
    for (const network of networks) {
      this.last.delete(network);
      this.last.set(network, this.count);
    }
    for (const network of this.last.keys()) {
      if (this.last.size <= maxRemembered) return;
      this.last.delete(network);
    }
  }

  /** The number of a network's last turn, or 0 if it had none. */
  lastOf(network: string): number {
    return this.last.get(network) ?? 0;
  }
}

/** Waiting items, grouped by their narrowest network. */
class Line<T extends Waiting> {
  size = 0;
  private readonly byNetwork = new Map<string, T[]>();
  /** How many items wait from each network, wide or narrow. */
  private readonly counts = new Map<string, number>();

  constructor(private readonly turns: Turns) {}

  add(item: T): void {
    const key = narrowest(item);
    const ofNetwork = this.byNetwork.get(key);
    if (ofNetwork) ofNetwork.push(item);
    else this.byNetwork.set(key, [item]);
    this.count(item, 1);
  }

  remove(item: T): void {
    const ofNetwork = this.byNetwork.get(narrowest(item)) ?? [];
    const index = ofNetwork.indexOf(item);
    if (index === -1) return;
    ofNetwork.splice(index, 1);
    if (ofNetwork.length === 0) this.byNetwork.delete(narrowest(item));
    this.count(item, -1);
  }

  /**
   * The first item of the network whose last turn is the longest ago. Among networks that had no turn, the first one to
   * arrive goes first. If the queue is overloaded, the last one does, because the first ones have filled the queue.
   */
  next(isOverloaded: boolean): T | undefined {
    const lastTurns = ({ networks }: T) => networks.map((network) => this.turns.lastOf(network));
    return this.lowest(lastTurns, isOverloaded)?.[0];
  }

  /** The last item of the network with the most items waiting; among equals, of the network that had a turn last. */
  lastOfLargest(): T | undefined {
    const ranks = ({ networks }: T) => [
      ...networks.map((network) => -(this.counts.get(network) ?? 0)),
      ...networks.map((network) => -this.turns.lastOf(network)),
    ];
    return this.lowest(ranks, false)?.at(-1);
  }

  /**
   * The items of the network with the lowest ranks, compared in order; among equals, of the first or the last network.
   */
  private lowest(ranksOf: (item: T) => readonly number[], isLastOfEqual: boolean): readonly T[] | undefined {
    let lowest: { readonly items: readonly T[]; readonly ranks: readonly number[] } | undefined;
    for (const items of this.byNetwork.values()) {
      const ranks = items[0] ? ranksOf(items[0]) : [];
      const difference = lowest ? compare(ranks, lowest.ranks) : -1;
      if (difference < 0 || (difference === 0 && isLastOfEqual)) lowest = { items, ranks };
    }
    return lowest?.items;
  }

  private count({ networks }: T, change: 1 | -1): void {
    this.size += change;
    for (const network of networks) {
      const count = (this.counts.get(network) ?? 0) + change;
      if (count === 0) this.counts.delete(network);
      else this.counts.set(network, count);
    }
  }
}

function narrowest({ networks }: Waiting): string {
  return networks.at(-1) ?? '';
}

/** Negative if the first pair of ranks that differ is in ascending order, 0 if all are equal. */
function compare(ranks: readonly number[], others: readonly number[]): number {
  const index = ranks.findIndex((rank, i) => rank !== (others[i] ?? 0));
  return index === -1 ? 0 : (ranks[index] ?? 0) - (others[index] ?? 0);
}
