import { compareTasks, type TaskOrder, type TaskPosition } from './task-query.js';

/** How many positions are added before they are sorted: so each time is short, and there are few. */
const maxUnsorted = 2_000;

/** How many characters of titles are kept; no title is longer. */
const maxCharacters = 2 ** 19;

/** The first positions in an order, of tasks that come in any order. */
export class BestPositions {
  private readonly compare: ReturnType<typeof compareTasks>;
  private positions: TaskPosition[] = [];
  private characters = 0;
  private unsorted = 0;
  /** Positions after this one are not kept. */
  private last: TaskPosition | undefined;

  constructor(
    private readonly order: TaskOrder,
    /** How many positions are wanted. */
    private readonly most: number,
  ) {
    this.compare = compareTasks(order);
  }

  add(task: TaskPosition): void {
    if (this.last && this.compare(task, this.last) > 0) return;
    const title = this.order.by === 'title' ? detached(task.title) : '';
    this.positions.push({ id: task.id, title, status: task.status });
    this.characters += title.length;
    if (++this.unsorted >= maxUnsorted || this.characters > 2 * maxCharacters) this.cut();
  }

  /** The first positions, in order: as many as are wanted; fewer, but at least one, if their titles are too long. */
  inOrder(): readonly TaskPosition[] {
    this.cut();
    return this.positions;
  }

  private cut(): void {
    const sorted = this.positions.toSorted(this.compare);
    this.positions = [];
    this.characters = 0;
    this.unsorted = 0;
    for (const position of sorted) {
      if (this.positions.length === this.most || this.characters + position.title.length > maxCharacters) {
        this.last = this.positions.at(-1);
        break;
      }
      this.positions.push(position);
      this.characters += position.title.length;
    }
  }
}

/** A copy of the text. V8 would otherwise keep all of the text that it was cut from, such as a whole page. */
export function detached(text: string): string {
  return ` ${text}`.slice(1);
}
