import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisSettings } from './redis-settings.js';

/** Milliseconds within which a server must respond. */
const timeout = 1_000;

/**
 * Why the first host that cannot be reached cannot be reached; undefined if all hosts can. Of Sentinels and of the
 * nodes of a Cluster, the client library reports only that they are unavailable.
 */
export async function connectionError({ hosts, tls }: RedisSettings): Promise<unknown> {
  const errors = await Promise.all(hosts.map((host) => errorOf(host, tls)));
  return errors.find((error) => error !== undefined);
}

async function errorOf(host: RedisSettings['hosts'][number], tls: RedisSettings['tls']): Promise<unknown> {
  const socket = tls ? connectTls({ ...host, ...tls }) : connect(host);
  const signal = AbortSignal.timeout(timeout);
  try {
    await once(socket, tls ? 'secureConnect' : 'connect', { signal });
    // With TLS 1.3, the server rejects a client's certificate only now.
    socket.write('PING\r\n');
    await once(socket, 'data', { signal });
    return undefined;
  } catch (error) {
    return signal.aborted ? undefined : error;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
