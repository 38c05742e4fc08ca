import * as fc from 'fast-check';
import { withoutLimits, type RunningServer } from '../support/running-server.js';
import { aNewUser } from '../../src/storage-contract/builders.js';
import { SettableClock } from '../../src/storage-contract/settable-clock.js';
import { withEachStorage } from '../support/storages.js';
import { ApiModel } from './api-model.js';
import { anyCall } from './calls.js';
import { seed } from './seed.js';
import { World } from './world.js';

const lifetimes = { access: 300, refresh: 3600, session: 5400, grace: 10 };
const environment = {
  ...withoutLimits, // The model knows none.
  ACCESS_TOKEN_LIFETIME: '5m',
  REFRESH_TOKEN_LIFETIME: '1h',
  SESSION_LIFETIME: '90m',
  REFRESH_GRACE: '10s',
};
const numRuns = 500;

describe('the whole API', () => {
  let worlds = 0;
  withEachStorage((start) => {
    for (const rotates of [false, true]) {
      describe(`while refresh tokens ${rotates ? 'rotate' : 'do not rotate'}`, () => {
        let clock: SettableClock;
        let server: RunningServer;
        before(async () => {
          clock = new SettableClock();
          server = await start({ ...environment, ROTATE_REFRESH_TOKENS: String(rotates) }, clock.now);
        });
        after(() => server.stop());
        before('somebody who stays staff, for the model knows no last administrator', async () => {
          const user = await server.storage.users.add(aNewUser({ username: 'root' }));
          await server.storage.staff.add(user?.id ?? 0);
        });

        it(`responds as its model predicts, in ${numRuns} sequences of calls`, () =>
          fc.assert(
            fc.asyncProperty(fc.array(anyCall, { maxLength: 40, size: 'max' }), async (calls) => {
              const model = new ApiModel(clock.now, lifetimes, rotates);
              const world = new World(server, clock, model, `w${++worlds}`);
              for (const user of ['ada', 'bob']) await world.welcome(user);
              for (const call of calls) await call.happenIn(world);
            }),
            { seed: seed + Number(rotates), numRuns },
          ));
      });
    }
  });
});
