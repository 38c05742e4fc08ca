// Pings a server every few milliseconds. At any message it sends the longest time that a ping took since the last message.
// A process of its own, so that nothing else keeps it waiting.
import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';

const socket = connect(Number(process.argv[2]), '127.0.0.1').setNoDelay();
await once(socket, 'connect');

let longest = 0;
let sentAt: number | undefined;

process.on('message', () => {
  // A ping that is still waiting counts as well.
  const waiting = sentAt === undefined ? 0 : performance.now() - sentAt;
  process.send?.(Math.max(longest, waiting));
  longest = 0;
});
process.on('disconnect', () => process.exit());

for (;;) {
  sentAt = performance.now();
  socket.write('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(socket, 'data');
  longest = Math.max(longest, performance.now() - sentAt);
  sentAt = undefined;
  await setTimeout(2);
}
