import { constants, getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import bcrypt from 'bcrypt';
import type { BcryptJob } from './bcrypt-threads.js';

// Lowers the priority of this thread, so that requests come first. Only on Linux can a single thread have its own
// priority.
const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
if (process.platform === 'linux') setPriority(Math.min(getPriority() + PRIORITY_BELOW_NORMAL, PRIORITY_LOW));

parentPort?.on('message', (job: BcryptJob) => {
  const { password } = job;
  parentPort?.postMessage(
    'hash' in job ? bcrypt.compareSync(password, job.hash) : bcrypt.hashSync(password, job.cost),
  );
});
