import { expect } from 'chai';
import * as fc from 'fast-check';
import type { SignedIn } from '../support/api-client.js';
import { expectCommonHeaders } from '../support/responses.js';
import { RawConnection, takeResponse, type RawResponse } from '../support/raw-connection.js';
import { report } from '../support/report.js';
import { signingKey, withoutLimits } from '../support/running-server.js';
import { megabytes, memoryAtRest, probed } from '../support/server-memory.js';
import { ServerProcess } from '../support/server-process.js';
import {
  brokenBytesOf,
  brokenRequest,
  bytesOf,
  soundRequest,
  type BrokenRequest,
  type SoundRequest,
} from './requests.js';
import { seed } from './seed.js';

/** In milliseconds; a connection that has not ended by then hangs. */
const timeout = 15_000;

const numRuns = 1400;
/** All that requests may be answered with, be they what they may. */
const statuses = [100, 200, 201, 204, 304, 400, 401, 403, 404, 405, 412, 413, 415, 422, 431, 501];

/** Requests in order, one behind the other, and one at last that may be anything. */
const connection = fc.record({
  sound: fc.array(soundRequest, { maxLength: 12, size: 'max' }),
  broken: fc.option(brokenRequest, { nil: undefined }),
});
const connectionsAtOnce = fc.array(connection, { minLength: 1, maxLength: 12, size: 'max' });

describe('any bytes', () => {
  let server: ServerProcess;
  let responses = 0;
  before(async () => {
    // A server that trusts no proxy warns of X-Forwarded-For.
    const environment = { SIGNING_KEY: signingKey, BCRYPT_COST: '4', TRUST_PROXY: '1', ...withoutLimits };
    server = await ServerProcess.start(environment, { ...probed, lifetime: 12 * 60_000 });
  });
  after(() => server.kill());

  it('get responses as far as they are requests, and harm no other client', async () => {
    let early = 0;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(connectionsAtOnce, async (connections) => {
        const user = await server.registerAndSignIn();
        await Promise.all(connections.map(({ sound, broken }) => exchange(user, sound, broken)));
        if (++runs === numRuns / 5) early = await bytesHeld();
      }),
      { seed, numRuns, interruptAfterTimeLimit: 10 * 60_000 },
    );
    const late = await bytesHeld();
    report(`${responses} responses; memory from ${megabytes(early)} to ${megabytes(late)}`);
    expect(responses).to.be.greaterThan(50_000);
    expect(late - early).to.be.lessThan(10 * 2 ** 20);
    expect(server.log.filter(({ level }) => level > 30)).to.deep.equal([]);
  }).timeout(12 * 60_000);

  /** While nothing is open but the connection on which users sign in. */
  async function bytesHeld(): Promise<number> {
    return (await memoryAtRest(server, 1)).bytes;
  }

  /** Sends it all at once, half-closes the connection, and expects a response to each request that is in order. */
  async function exchange(
    user: SignedIn,
    sound: readonly SoundRequest[],
    broken: BrokenRequest | undefined,
  ): Promise<void> {
    const client = await RawConnection.open(server.port);
    const tooLate = setTimeout(() => client.close(), timeout);
    for (const request of sound) client.send(bytesOf(request, user));
    if (broken) client.send(brokenBytesOf(broken, user));
    client.finish();
    for (const { method } of sound) {
      expectDecent(await client.response({ toHead: method === 'HEAD' }));
      responses++;
    }
    for (const response of answersIn(await client.end())) {
      expectDecent(response);
      responses++;
    }
    clearTimeout(tooLate);
    client.close();
  }
});

/** The responses to unknown requests. One without a body may belong to HEAD. */
function answersIn(bytes: string): RawResponse[] {
  return bytes
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter(Boolean)
    .map((each) => {
      const taken = takeResponse(each, false, true) ?? takeResponse(each, true, true);
      if (taken?.rest !== '') throw new Error(`no response: ${JSON.stringify(each)}`);
      return taken.response;
    });
}

function expectDecent(response: RawResponse): void {
  expect(response.status).to.be.oneOf(statuses);
  if (response.status === 100) return;
  expectCommonHeaders(response);
  const isLines = response.headers['content-type'] === 'application/x-ndjson';
  for (const json of isLines ? response.text.split('\n') : [response.text]) {
    if (json !== '') expect(() => JSON.parse(json)).to.not.throw();
  }
}
