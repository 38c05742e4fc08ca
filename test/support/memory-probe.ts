import { setTimeout } from 'node:timers/promises';

// Loaded into a server before its program, with --expose-gc: at each SIGUSR2 it logs what is left in memory when all
// that nobody holds is gone, and what is open.

let count = 0;

process.on('SIGUSR2', async () => {
  // What a collection lets go of may hold other things until its callbacks have run.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await setTimeout(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  const memory = { heapUsed, external, sockets, count: ++count };
  process.stdout.write(`${JSON.stringify({ level: 30, msg: 'memory', ...memory })}\n`);
});
