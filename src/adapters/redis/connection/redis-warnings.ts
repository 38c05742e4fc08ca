import { setTimeout } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Log } from '../../../application/ports/environment.js';
import type { ManagedClient } from './managed-client.js';
import { mastersOf } from './redis-client.js';

/** Milliseconds for which a caller waits at most. */
const timeout = 250;

/** Warns of settings of Redis with which it may lose data. */
export class RedisWarnings {
  private lastWarnings: readonly string[] = [];

  constructor(
    private readonly managed: ManagedClient,
    private readonly log: Log,
  ) {
    managed.onUsable(() => void this.inspect());
  }

  /**
   * The warnings, as sentences: the last ones if a server does not respond soon; none if the ACL forbids to inspect.
   */
  async current(): Promise<readonly string[]> {
    const timedOut = setTimeout(timeout, undefined, { ref: false }).then(() => this.lastWarnings);
    return Promise.race([this.inspect(), timedOut]);
  }

  /** Inspects the servers, and logs new warnings. */
  private async inspect(): Promise<readonly string[]> {
    const servers = mastersOf(this.managed.client);
    const warnings = [...new Set((await Promise.all(servers.map(warningsAbout))).flat())];
    for (const warning of warnings) if (!this.lastWarnings.includes(warning)) this.log.warn({}, warning);
    this.lastWarnings = warnings;
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
