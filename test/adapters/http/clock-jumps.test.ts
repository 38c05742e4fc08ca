import { expect } from 'chai';
import { withStub } from '../../support/with-stub.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

const hour = 3_600_000;

describe('a clock jump of one hour', () => {
  withEachStorage((start) => {
    for (const [direction, offset] of [
      ['forwards', hour],
      ['backwards', -hour],
    ] as const) {
      describe(direction, () => {
        let server: RunningServer;
        beforeEach(async () => {
          server = await start({ ROTATE_REFRESH_TOKENS: 'true' });
        });
        afterEach(() => server.stop());

        const list = async ({ access }: Pick<SignedIn, 'access'>): Promise<number> =>
          (await server.call('GET', '/tasks/', undefined, access)).status;

        it(`users can sign in and work during and after a clock jump ${direction}`, async () => {
          const before = await server.registerAndSignIn();
          let after: SignedIn | undefined;
          await withClockOffset(offset, async () => {
            // Half an hour too old, or issued in the future.
            expect(await list(before)).to.equal(401);
            const again = await signIn(server, before);
            expect(await list(again)).to.equal(200);
            after = await server.registerAndSignIn();
            const draft = { title: 'a', description: 'b' };
            expect((await server.call('POST', '/tasks/create/', draft, after.access)).status).to.equal(201);
          });
          expect(await list(before)).to.equal(200);
          const again = await signIn(server, after);
          expect(await list(again)).to.equal(200);
        });

        it(`sessions with a refresh token from the past survive a clock jump ${direction}`, async () => {
          const { refresh } = await server.registerAndSignIn();
          const exchange = async (token: string) => {
            const response = await server.call('POST', '/api/token/refresh/', { refresh: token });
            return response.status === 200 ? (response.json() as SignedIn) : undefined;
          };
          let exchanged: SignedIn | undefined;
          await withClockOffset(offset, async () => {
            exchanged = await exchange(refresh);
            if (exchanged) expect(await list(exchanged)).to.equal(200);
          });
          expect(exchanged === undefined).to.equal(offset < 0);
          if (!exchanged) expect(await exchange(refresh)).not.to.equal(undefined);
        });

        it(`a clock jump ${direction} causes no 500, and no negative or long duration or Retry-After`, async () => {
          const { username, password, access, refresh } = await server.registerAndSignIn();
          const calls = () => [
            ...Array.from({ length: 30 }, () =>
              server.call('POST', '/api/token/', { username, password: 'wrong' }),
            ),
            server.call('POST', '/api/token/', { username, password }),
            server.call('POST', '/api/token/verify/', { token: refresh }),
            server.call('POST', '/api/token/refresh/', { refresh }),
            server.call('GET', '/tasks/', undefined, access),
            server.call('GET', '/readyz'),
            server.call('POST', '/api/logout/', { refresh }),
          ];
          const responses = await Promise.all(calls());
          const jumpedOver = calls();
          await withClockOffset(
            offset,
            async () => void responses.push(...(await Promise.all([...jumpedOver, ...calls()]))),
          );
          responses.push(...(await Promise.all(calls())));

          expect(responses.filter(({ status }) => status >= 500)).to.deep.equal([]);
          const throttled = responses.filter(({ status }) => status === 429);
          expect(throttled).not.to.deep.equal([]);
          // Thirty in five minutes leak one every ten seconds.
          for (const { headers } of throttled) expect(Number(headers['retry-after'])).to.be.within(1, 10);
          for (const { fields } of server.log.filter(({ message }) => message === 'request')) {
            expect(fields['durationMs']).to.be.within(0, 60_000);
          }
        });
      });
    }
  });
});

/** Does something while the clock of this process, and so of the server, is offset by some milliseconds. */
function withClockOffset(offset: number, work: () => Promise<void>): Promise<void> {
  return withStub(Date, 'now', (now) => () => now() + offset, work);
}

async function signIn(server: RunningServer, user: SignedIn | undefined): Promise<SignedIn> {
  const { username, password } = user ?? {};
  const response = await server.call('POST', '/api/token/', { username, password });
  return { ...user, ...(response.json() as object) } as SignedIn;
}
