interface Stoppable {
  stop(): Promise<void>;
}

/** Returns a function that registers what a test starts. After each test everything is stopped, the last one first. */
export function stopAfterEach(): <T extends Stoppable>(started: T) => T {
  const all: Stoppable[] = [];
  afterEach(async () => {
    for (const each of all.splice(0).toReversed()) await each.stop();
  });
  return (started) => {
    all.push(started);
    return started;
  };
}
