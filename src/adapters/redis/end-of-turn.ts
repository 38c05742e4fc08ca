const waiting: (() => void)[] = [];

/**
 * Calls back once everything that has arrived in this turn of the event loop has been looked at. Work that is asked for
 * by other such work follows in the same turn.
 */
export function atEndOfTurn(work: () => void): void {
  if (waiting.length === 0) setImmediate(doAll);
  waiting.push(work);
}

function doAll(): void {
  for (const work of waiting) work();
  waiting.length = 0;
}
