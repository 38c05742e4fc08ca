/** Prints figures among the results of the tests. */
export function report(...lines: string[]): void {
  for (const line of lines) console.log(`        ${line}`);
}
