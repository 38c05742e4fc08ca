import { fileURLToPath } from 'node:url';
import { program, type ServerProcess } from './server-process.js';
import { waitFor } from './wait-for.js';

const probe = fileURLToPath(new URL('memory-probe.js', import.meta.url));

/** What starts a server whose memory can be looked into. */
export const probed = { command: [process.execPath, '--expose-gc', '--import', probe, program] };

/** What a process holds when all that nobody needs is gone. */
export interface Memory {
  /** Bytes of objects, and of what is outside of the heap. */
  readonly bytes: number;
  /** The most bytes of memory that the process had since the last look. */
  readonly peakRss: number;
  /** Open connections; the one on which it listens is none. */
  readonly connections: number;
}

/** What the server, started with `probed`, holds once no more than so many connections are open. */
export function memoryAtRest(server: ServerProcess, connections = 0): Promise<Memory> {
  const look = async () => {
    const memory = await memoryOf(server);
    return memory.connections <= connections ? memory : undefined;
  };
  return waitFor(`it has no more than ${connections} connections`, look, { timeout: 30_000, pause: 200 });
}

async function memoryOf(server: ServerProcess): Promise<Memory> {
  const looks = server.log.filter(({ msg }) => msg === 'memory').length;
  server.signal('SIGWINCH');
  const { heapUsed, external, peakRss, sockets } = await server.logged(
    ({ msg, count }) => msg === 'memory' && count === looks + 1,
  );
  const bytes = Number(heapUsed) + Number(external);
  return { bytes, peakRss: Number(peakRss), connections: Number(sockets) };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
