import { expect } from 'chai';
import * as fc from 'fast-check';
import { withoutLimits, type RunningServer } from '../support/running-server.js';
import { withEachStorage } from '../support/storages.js';
import { anyRequest, type Description } from './described-requests.js';
import { seed } from './seed.js';

const numRuns = 700;

/** Operations whose bodies must fulfil more than a schema can say: good passwords, right ones, real tokens. */
const conditional = /^(?:register|changePassword|deleteAccount|verifyToken|resetPassword)$/;

describe('requests drawn from the OpenAPI description', () => {
  withEachStorage((start) => {
    let server: RunningServer;
    let description: Description;
    before(async () => {
      server = await start({ ...withoutLimits, ROTATE_REFRESH_TOKENS: 'true' });
      description = (await server.call('GET', '/openapi.json')).json() as Description;
    });
    after(() => server.stop());

    it('get responses that it allows, and no 400 if they are valid', async () => {
      const seen = new Map<string, Set<number>>();
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyRequest(description), { minLength: 1, maxLength: 8 }),
          async (requests) => {
            const { access } = await server.registerAndSignIn();
            await server.call('POST', '/tasks/create/', { title: 't', description: 'd' }, access);
            for (const request of requests) {
              // The server in the tests checks each response against the description.
              const { status, text } = await server.send(request.write(access));
              const { operationId, wrong } = request;
              const isRefused = [400, 413, 415, 422].includes(status);
              if (wrong === undefined && !conditional.test(operationId))
                expect(isRefused, text).to.equal(false);
              expect(status, text).to.be.lessThan(500);
              seen.set(operationId, (seen.get(operationId) ?? new Set()).add(status));
            }
          },
        ),
        { seed, numRuns },
      );
      const operations = Object.values(description.paths).flatMap((item) => Object.values(item));
      for (const { operationId, security } of operations) {
        expect([...(seen.get(operationId) ?? [])], operationId).to.have.length.greaterThan(
          security.length > 0 ? 1 : 0,
        );
      }
    });
  });
});
