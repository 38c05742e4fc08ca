import { expect } from 'chai';
import { expectResponse, invalidCredentials } from '../../support/responses.js';
import { comparisonCosts } from '../../support/comparison-costs.js';
import type { WireResponse } from '../../support/http-client.js';
import { rejectedSignIns, type Credentials } from '../../support/rejected-sign-ins.js';
import type { RunningServer } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

describe('failed sign-ins (user enumeration)', () => {
  withEachStorage((start) => {
    let server: RunningServer;
    let cases: (readonly [reason: string, Credentials])[];
    before(async () => {
      server = await start({ BCRYPT_COST: '5' });
      cases = Object.entries(await rejectedSignIns(server));
    });
    after(() => server.stop());

    const signIn = (credentials: Credentials): Promise<WireResponse> =>
      server.call('POST', '/api/token/', credentials);

    it('a failed sign-in gets the same status, headers and body for every reason', async () => {
      const seen = new Set<string>();
      for (const [reason, credentials] of cases) {
        const response = await signIn(credentials);
        expectResponse(response, 401, invalidCredentials);
        const { date, 'x-request-id': requestId, ...others } = response.headers;
        expect([date, requestId], reason).not.to.include(undefined);
        seen.add(JSON.stringify(others));
      }
      expect(seen.size).to.equal(1);
    });

    it('a failed sign-in costs one comparison with a hash of the configured cost for every reason (timing attack)', async () => {
      for (const [reason, credentials] of cases) {
        const costs = await comparisonCosts(async () => void (await signIn(credentials)));
        expect(costs, reason).to.deep.equal([5]);
      }
    });
  });
});
