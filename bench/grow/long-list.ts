import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { RunningServer } from '../running-server.js';
import { Pinger } from './pinger.js';

/** What it takes to hand out a list for which all tasks of a user are read; the worst of several times. */
export interface LongListCost {
  readonly bytes: number;
  readonly firstByteMs: number;
  readonly lastByteMs: number;
  /** How far the resident memory of the server rose above what it was before, in bytes. */
  readonly rssGrowth: number;
  /** The longest that another request had to wait during that, and before. */
  readonly longestPingMs: number;
  readonly longestPingBeforeMs: number;
}

const times = 5;

/** Reads the list at `path` five times, with `atOnce` requests at a time. */
export async function readLongList(
  server: RunningServer,
  token: string,
  { path, atOnce }: { readonly path: string; readonly atOnce: number },
): Promise<LongListCost> {
  await server.idle();
  const pinger = new Pinger(server.port);
  await pinger.longest(500);
  const longestPingBeforeMs = await pinger.longest(1_000);
  const before = server.usage().rss;
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, server.usage().rss);
  }, 20);
  const downloads: Download[] = [];
  for (let i = 0; i < times; i++) {
    const requests = Array.from({ length: atOnce }, () => download(server.port, token, path));
    downloads.push(...(await Promise.all(requests)));
  }
  clearInterval(watch);
  const longestPingMs = await pinger.longest(0);
  pinger.stop();
  const worst = (of: (each: Download) => number) => Math.max(...downloads.map(of));
  return {
    bytes: worst(({ bytes }) => bytes),
    firstByteMs: worst(({ firstByteMs }) => firstByteMs),
    lastByteMs: worst(({ lastByteMs }) => lastByteMs),
    rssGrowth: Math.max(peak, server.usage().rss) - before,
    longestPingMs,
    longestPingBeforeMs,
  };
}

type Download = Pick<LongListCost, 'bytes' | 'firstByteMs' | 'lastByteMs'>;

function download(port: number, token: string, path: string): Promise<Download> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const headers = { Authorization: `Bearer ${token}` };
    const outgoing = request({ host: '127.0.0.1', port, path, headers }, (incoming) => {
      let bytes = 0;
      let firstByteMs = 0;
      incoming.on('data', (chunk: Buffer) => {
        if (bytes === 0) firstByteMs = performance.now() - startedAt;
        bytes += chunk.length;
      });
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ bytes, firstByteMs, lastByteMs: performance.now() - startedAt }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
