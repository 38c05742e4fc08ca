import { constants, getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import bcrypt from 'bcrypt';
import { parseDjangoHash } from './django-hash.js';
import type { HashingJob } from './hashing-threads.js';

// Lowers the priority of this thread, so that requests come first. Only on Linux can a single thread have its own
// priority.
const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
if (process.platform === 'linux') setPriority(Math.min(getPriority() + PRIORITY_BELOW_NORMAL, PRIORITY_LOW));

parentPort?.on('message', (job: HashingJob) => parentPort?.postMessage(resultOf(job)));

function resultOf(job: HashingJob): string | boolean {
  const { password } = job;
  if ('cost' in job) return bcrypt.hashSync(password, job.cost);
  const verify = parseDjangoHash(job.hash);
  return typeof verify === 'function' ? verify(password) : bcrypt.compareSync(password, job.hash);
}
