import type { Storage } from '../../src/application/ports/storage.js';

/** One storage whose every call goes to the next of several. */
export function roundRobin(storages: readonly [Storage, ...Storage[]]): Storage {
  const [first] = storages;
  let turn = 0;
  const spread = <T extends object>(of: (storage: Storage) => T): T =>
    new Proxy(of(first), {
      get(_, name) {
        const target = of(storages[++turn % storages.length] ?? first);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  return {
    users: spread(({ users }) => users),
    sessions: spread(({ sessions }) => sessions),
    tasks: spread(({ tasks }) => tasks),
    rateLimiter: spread(({ rateLimiter }) => rateLimiter),
    archive: spread(({ archive }) => archive),
    staff: spread(({ staff }) => staff),
    check: () => first.check(),
    close: async () => {
      await Promise.all(storages.map((storage) => storage.close()));
    },
  };
}
