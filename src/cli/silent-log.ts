import type { Log } from '../application/ports/environment.js';

/** For the storage of a command: standard output is the command's own, and errors are reported at its end. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
