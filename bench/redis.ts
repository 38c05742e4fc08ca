import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { end, start } from './child-processes.js';
import { freePort, untilListening } from './ports.js';

interface Snapshot {
  readonly keys: readonly { readonly key: Buffer; readonly ttl: number; readonly value: Buffer }[];
}

/** A redis-server of the benchmark's own, on a free port and with a directory of its own. */
export class Redis {
  private constructor(
    readonly port: number,
    readonly client: Client,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  /** `settings` are lines of redis.conf by name. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Redis> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'hexado-bench-redis-'));
    const lines = { bind: '127.0.0.1', port: String(port), dir: directory, save: '', ...settings };
    const args = Object.entries(lines).flatMap(([name, value]) => [`--${name}`, value]);
    const child = start('redis-server', args, { stdio: 'ignore' });
    await untilListening(port, child);
    return new Redis(port, new Client(port), child, directory);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await end(this.child);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Milliseconds of CPU since the start. */
  async cpuMs(): Promise<number> {
    const info = await this.client.info('cpu');
    return (numberIn(info, 'used_cpu_user') + numberIn(info, 'used_cpu_sys')) * 1000;
  }

  /** Bytes of data and what goes with them, but without buffers for clients. */
  async memory(): Promise<number> {
    await setTimeout(1_500); // It looks after those buffers once a second.
    const info = await this.client.info('memory');
    return numberIn(info, 'used_memory') - numberIn(info, 'mem_clients_normal');
  }

  async clear(): Promise<void> {
    await this.client.flushall();
  }

  /** All that is stored, as RESTORE takes it. */
  async snapshot(): Promise<Snapshot> {
    const names = await this.client.keysBuffer('*');
    const keys = names.map(async (key) => {
      const [value, ttl] = await Promise.all([this.client.dumpBuffer(key), this.client.pttl(key)]);
      return { key, value, ttl: Math.max(0, ttl) };
    });
    const held = await Promise.all(keys);
    return { keys: held.filter((each): each is Snapshot['keys'][number] => each.value !== null) };
  }

  /** Makes the data what it was, and nothing else; what a server was still writing gives way. */
  async restore({ keys }: Snapshot): Promise<void> {
    await this.clear();
    await Promise.all(keys.map(({ key, ttl, value }) => this.client.restore(key, ttl, value, 'REPLACE')));
  }
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
}
