/** Code that lets the event loop turn once, so that other calls come between. */
export const turn = 'await new Promise(setImmediate);';

/** Code that lets the event loop turn so often. */
export function turns(count: number): string {
  return `for (let turn = 0; turn < ${count}; turn++) ${turn}`;
}
