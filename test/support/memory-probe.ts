import { setTimeout } from 'node:timers/promises';

// Loaded into a server before its program, with --expose-gc: at each SIGWINCH it logs what is left in memory when all
// that nobody holds is gone, what is open, and the most memory that the process had since the last time.

let count = 0;
let peakRss = 0;
setInterval(() => (peakRss = Math.max(peakRss, process.memoryUsage.rss())), 20).unref();

process.on('SIGWINCH', async () => {
  // What a collection lets go of may hold other things until its callbacks have run.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await setTimeout(20);
  }
  globalThis.gc?.(); // What was used in those milliseconds is held by nobody.
  const { heapUsed, external, rss } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  const memory = { heapUsed, external, peakRss, sockets, count: ++count };
  peakRss = rss;
  process.stdout.write(`${JSON.stringify({ level: 30, msg: 'memory', ...memory })}\n`);
});
