import { expect } from 'chai';
import { RedisServer } from '../support/redis-server.js';
import { rejectedSignIns } from '../support/rejected-sign-ins.js';
import { report } from '../support/report.js';
import { RunningServer } from '../support/running-server.js';
import { stopAfterEach } from '../support/stop-after-each.js';

/** As often as each is timed at least, and at most where the machine has other things to do. */
const rounds = { min: 15, max: 150 };

const reasons = [
  'a wrong password',
  'an unknown user',
  'an inactive user',
  'a password of 5,000 characters',
] as const;

describe('a rejected sign-in (user enumeration)', () => {
  const stopped = stopAfterEach();

  it('takes the same time for every reason, against a timing attack', async function () {
    this.timeout(180_000);
    const redis = stopped(await RedisServer.start());
    const settings = { BCRYPT_COST: '10', THROTTLE_SIGN_IN: 'off' };
    const environment = { STORAGE: 'redis', REDIS_URL: redis.url, ...settings };
    const server = stopped(await RunningServer.start(environment));
    const signIns = await rejectedSignIns(server);
    const cases = reasons.map((reason) => ({ reason, credentials: signIns[reason], times: [] as number[] }));
    const [wrongPassword = { times: [] }] = cases;
    const ratio = ({ times }: { times: number[] }): number => median(times) / median(wrongPassword.times);
    const isEven = () => cases.every((each) => ratio(each) > 0.9 && ratio(each) < 1.1);

    for (let round = 1; round <= rounds.max && !(round > rounds.min && isEven()); round++) {
      // In turn, from another one on each time, so that whatever else the machine does falls on all of them.
      for (const each of [...cases.slice(round % cases.length), ...cases.slice(0, round % cases.length)]) {
        const startedAt = performance.now();
        expect((await server.call('POST', '/api/token/', each.credentials)).status).to.equal(401);
        each.times.push(performance.now() - startedAt);
      }
    }
    report(`a wrong password: ${median(wrongPassword.times).toFixed(1)} ms`);
    for (const each of cases.slice(1)) report(`${each.reason}: ${ratio(each).toFixed(3)} of that`);
    expect(isEven()).to.equal(true);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
