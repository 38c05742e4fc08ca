import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisSettings } from './redis-settings.js';

/** Milliseconds within which a server answers. */
const patience = 1_000;

/**
 * Why no connection comes about to the first of the hosts to which none does; undefined if there is none such. The client
 * library says no more of Sentinels and nodes of a Cluster than that they cannot be reached.
 */
export async function connectionError({ hosts, tls }: RedisSettings): Promise<unknown> {
  const errors = await Promise.all(hosts.map((host) => errorOf(host, tls)));
  return errors.find((error) => error !== undefined);
}

async function errorOf(host: RedisSettings['hosts'][number], tls: RedisSettings['tls']): Promise<unknown> {
  const socket = tls ? connectTls({ ...host, ...tls }) : connect(host);
  const signal = AbortSignal.timeout(patience);
  try {
    await once(socket, tls ? 'secureConnect' : 'connect', { signal });
    // With TLS 1.3, a client's certificate is refused only now.
    socket.write('PING\r\n');
    await once(socket, 'data', { signal });
    return undefined;
  } catch (error) {
    return signal.aborted ? undefined : error;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
