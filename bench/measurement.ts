import type { LoadCost } from './load-cost.js';
import { median } from './median.js';
import { works, type Work } from './options.js';
import { serverKinds } from './servers.js';

/** What one server did in one round of one work. */
export interface Measurement extends LoadCost {
  readonly server: string;
  readonly work: Work;
  readonly round: number;
}

export type Measure = keyof LoadCost;

/** The measurements of one run, and what they come to. */
export class Measurements {
  constructor(readonly all: readonly Measurement[]) {}

  get servers(): string[] {
    return serverKinds.map(({ name }) => name).filter((name) => works.some((work) => this.did(name, work)));
  }

  get works(): Work[] {
    return works.filter((work) => this.all.some((each) => each.work === work));
  }

  did(server: string, work: Work): boolean {
    return this.of(server, work).length > 0;
  }

  /** NaN if the server did not do this work. */
  median(server: string, work: Work, measure: Measure): number {
    return median(this.of(server, work).map((each) => each[measure]));
  }

  /** How many times what the other did in the same round; the median of the rounds. */
  ratio(server: string, other: string, work: Work, measure: Measure): number {
    const others = new Map(this.of(other, work).map((each) => [each.round, each[measure]]));
    return median(
      this.of(server, work).flatMap((each) => {
        const compared = others.get(each.round);
        return compared === undefined ? [] : [each[measure] / compared];
      }),
    );
  }

  errors(): number {
    return this.all.reduce((sum, { errors }) => sum + errors, 0);
  }

  private of(server: string, work: Work): Measurement[] {
    return this.all.filter((each) => each.server === server && each.work === work);
  }
}
