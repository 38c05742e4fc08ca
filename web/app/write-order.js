/**
 * The order in which tabs write to `localStorage`. A write reaches the other tabs a little later, even if only one tab writes
 * at a time. Locks are kept in one place, so each tab tells by the name of one the number of its last write.
 */

const prefix = 'hexado.write.';

/** How long to wait for a write that another tab has made, at most, in milliseconds. It may have been taken back. */
const longestWait = 1_000;

/** Ends the lock of this tab. @type {(value?: undefined) => void} */
let letGo = () => {};

/** The number of the last write of all tabs that are open. Without locks there is none. */
export async function lastWrite() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  const numbers = held.map(({ name = '' }) =>
    name.startsWith(prefix) ? Number(name.slice(prefix.length)) : 0,
  );
  return Math.max(0, ...numbers);
}

/**
 * Tells the other tabs of a write of this one.
 *
 * @param {number} number
 * @returns {Promise<void>}
 */
export function announce(number) {
  return new Promise((resolve) => {
    if (!navigator.locks) return resolve();
    const before = letGo;
    void navigator.locks.request(`${prefix}${number}`, () => {
      before();
      resolve();
      return new Promise((release) => (letGo = release));
    });
  });
}

/**
 * Waits until a condition holds that depends on `localStorage`.
 *
 * @param {() => boolean} holds
 */
export async function untilStored(holds) {
  const deadline = AbortSignal.timeout(longestWait);
  while (!holds() && !deadline.aborted) {
    await new Promise((resolve) => {
      addEventListener('storage', resolve, { once: true });
      deadline.addEventListener('abort', resolve, { once: true });
    });
  }
}
