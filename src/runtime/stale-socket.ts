import { rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';

/** Removes a unix socket on which nobody listens, as a server that was killed leaves it. */
export async function removeStaleSocket(path: string): Promise<void> {
  const isSocket = await stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
  if (isSocket && (await refuses(path))) await rm(path, { force: true }).catch(() => undefined);
}

function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
