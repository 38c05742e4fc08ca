import { medianCost, type LoadCost } from './load-cost.js';
import { median } from './median.js';
import { works, type Work } from './options.js';
import { serverKinds } from './servers.js';

/** What one server did in one round of one work. */
export interface Measurement extends LoadCost {
  readonly server: string;
  readonly work: Work;
  readonly round: number;
}

/** What one server did in one work: the median of its rounds for each figure, and the sum of the errors. */
export interface Medians extends LoadCost {
  readonly server: string;
  readonly work: Work;
}

/** The measurements of one run, and their medians. */
export class Measurements {
  /** A row for each work of each server. */
  readonly medians: readonly Medians[];

  constructor(private readonly all: readonly Measurement[]) {
    this.medians = works.flatMap((work) =>
      serverKinds.flatMap(({ name: server }) => {
        const rounds = this.of(server, work);
        return rounds.length > 0 ? [{ server, work, ...medianCost(rounds) }] : [];
      }),
    );
  }

  /** How many times what the other did in the same round; the median of the rounds. NaN if they share no round. */
  ratio(server: string, other: string, work: Work, measure: 'requestsPerSecond' | 'cpuMs'): number {
    const others = new Map(this.of(other, work).map((each) => [each.round, each[measure]]));
    return median(
      this.of(server, work).flatMap((each) => {
        const compared = others.get(each.round);
        return compared === undefined ? [] : [each[measure] / compared];
      }),
    );
  }

  private of(server: string, work: Work): Measurement[] {
    return this.all.filter((each) => each.server === server && each.work === work);
  }
}
