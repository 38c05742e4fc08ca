/** Something that waits for its turn. */
export interface Waiting {
  /** The networks that it comes from: first the widest, each of the others within the one before. */
  readonly networks: readonly string[];
  /** Whether it comes before those that are not trusted. */
  readonly isTrusted: boolean;
}

/** How many networks the queue remembers to have had a turn. */
const maxRemembered = 10_000;

/**
 * A queue in which networks take turns, however many are waiting from each of them: the wide ones, and within each of
 * them the narrower ones. Those that are trusted come first, but every second turn goes to the others. Of the same
 * network, the first to come is the first to go.
 */
export class FairQueue<T extends Waiting> {
  private readonly turns = new Turns();
  private readonly trusted = new Line<T>(this.turns);
  private readonly others = new Line<T>(this.turns);
  private wasTrusted = false;

  constructor(private readonly capacity: number) {}

  /** Adds to the queue. Where that makes it too long, answers what had to leave it: the last of whoever has most waiting. */
  add(item: T): T | undefined {
    this.lineOf(item).add(item);
    if (this.size <= this.capacity) return undefined;
    const longer = this.trusted.size > this.others.size ? this.trusted : this.others;
    return this.take(longer.lastOfLargest());
  }

  /** Takes out whatever has its turn now. */
  next(): T | undefined {
    const isOverloaded = this.size > this.capacity / 2;
    const [first, second] = this.wasTrusted ? [this.others, this.trusted] : [this.trusted, this.others];
    const item = this.take(first.next(isOverloaded) ?? second.next(isOverloaded));
    if (item) this.wasTrusted = item.isTrusted;
    return item;
  }

  /** Takes something out that does not wait any more. */
  remove(item: T): void {
    this.lineOf(item).remove(item);
  }

  private get size(): number {
    return this.trusted.size + this.others.size;
  }

  private lineOf({ isTrusted }: T): Line<T> {
    return isTrusted ? this.trusted : this.others;
  }

  /** Takes out what has its turn, or has to leave: that was its network's turn. */
  private take(item: T | undefined): T | undefined {
    if (!item) return undefined;
    this.remove(item);
    this.turns.record(item.networks);
    return item;
  }
}

/** Which networks had a turn, and in which order. */
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

  /** The number of a network's last turn; 0 if it had none. */
  lastOf(network: string): number {
    return this.last.get(network) ?? 0;
  }
}

/** Those who wait, by the narrowest of their networks. */
class Line<T extends Waiting> {
  size = 0;
  private readonly byNetwork = new Map<string, T[]>();
  /** How many are waiting from each network, wide or narrow. */
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
   * The first of the network whose last turn is the longest ago. Of networks that had none, the first to come is the first
   * to go, but the last if the queue is overloaded: then the first have filled it.
   */
  next(isOverloaded: boolean): T | undefined {
    const lastTurns = ({ networks }: T) => networks.map((network) => this.turns.lastOf(network));
    return this.lowest(lastTurns, isOverloaded)?.[0];
  }

  /** The last of the network from which most are waiting; of several such networks, of the one that had a turn last. */
  lastOfLargest(): T | undefined {
    const ranks = ({ networks }: T) => [
      ...networks.map((network) => -(this.counts.get(network) ?? 0)),
      ...networks.map((network) => -this.turns.lastOf(network)),
    ];
    return this.lowest(ranks, false)?.at(-1);
  }

  /** All of the network whose ranks are the lowest, compared in their order; of equal ones the first to come, or the last. */
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

/** Negative if the first of the ranks that differ is lower than the other, 0 if none differs. */
function compare(ranks: readonly number[], others: readonly number[]): number {
  const index = ranks.findIndex((rank, i) => rank !== (others[i] ?? 0));
  return index === -1 ? 0 : (ranks[index] ?? 0) - (others[index] ?? 0);
}
