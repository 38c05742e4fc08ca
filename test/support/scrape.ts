import { send, type WireResponse } from './http-client.js';
import type { ServerProcess } from './server-process.js';

/** A sample of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape returned. */
export class Scrape {
  readonly samples: readonly Sample[];

  constructor(text: string) {
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(parseSample);
  }

  /** The sum of the samples of this name that have these labels; undefined if there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const wanted = Object.entries(labels);
    const found = this.samples.filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    );
    return found.length === 0 ? undefined : found.reduce((sum, sample) => sum + sample.value, 0);
  }
}

/** Sends a request to the port of the server's metrics. */
export async function sendToMetrics(
  server: ServerProcess,
  method = 'GET',
  path = '/metrics',
): Promise<WireResponse> {
  const { port } = await server.logged(({ msg }) => msg === 'serving metrics');
  return send(Number(port), { method, path });
}

/** Scrapes the server's metrics. */
export async function scrape(server: ServerProcess): Promise<Scrape> {
  const { status, text } = await sendToMetrics(server);
  if (status !== 200) throw new Error(`the scrape got ${status}`);
  return new Scrape(text);
}

function parseSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === '') throw new Error(`no sample: ${line}`);
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, label, text]) => [label, text])),
    value: Number(value),
  };
}
