import { setTimeout } from 'node:timers/promises';
import { Cluster, type Redis } from 'ioredis';
import type { Log } from '../../../application/ports/environment.js';
import type { ManagedClient } from './managed-client.js';

/** Milliseconds for which whoever asks is kept waiting. */
const patience = 250;

/** What is unwise about the settings of Redis, for it may lose what it should keep. */
export class RedisWarnings {
  private told: readonly string[] = [];

  constructor(
    private readonly managed: ManagedClient,
    private readonly log: Log,
  ) {
    managed.onUsable(() => void this.ask());
  }

  /** In sentences. Those of last time if some server does not answer soon, and none of a server that may not be asked. */
  async current(): Promise<readonly string[]> {
    const late = setTimeout(patience, undefined, { ref: false }).then(() => this.told);
    return Promise.race([this.ask(), late]);
  }

  /** The log gets what is new. */
  private async ask(): Promise<readonly string[]> {
    const { client } = this.managed;
    const servers = client instanceof Cluster ? client.nodes('master') : [client];
    const warnings = [...new Set((await Promise.all(servers.map(warningsAbout))).flat())];
    for (const warning of warnings) if (!this.told.includes(warning)) this.log.warn({}, warning);
    this.told = warnings;
    return warnings;
  }
}

const unknown = () => '';

async function warningsAbout(server: Redis): Promise<string[]> {
  const [memory, persistence, save] = await Promise.all([
    server.info('memory').catch(unknown),
    server.info('persistence').catch(unknown),
    server.config('GET', 'save').then(JSON.stringify, unknown),
  ]);
  const warnings: string[] = [];
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(memory)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `Redis drops data when its memory is full (maxmemory-policy ${policy}): set maxmemory-policy to noeviction.`,
    );
  }
  if (/^aof_enabled:0/m.test(persistence)) {
    const hasNoSnapshots = /^[[{]"save"[,:]""[\]}]$/.test(save);
    warnings.push(
      hasNoSnapshots
        ? 'Redis keeps nothing on its disk, and a restart loses everything: set appendonly to yes.'
        : 'Redis has only snapshots on its disk, and a crash loses what came after the last one: set appendonly to yes.',
    );
  }
  return warnings;
}
