import { expect } from 'chai';
import { randomId } from '../../../src/adapters/crypto/random-id.js';
import { sha256 } from '../../../src/adapters/crypto/sha256.js';
import { MakePasswordLink } from '../../../src/application/make-password-link.js';
import { RecordAct } from '../../../src/application/record-act.js';
import { concurrently } from '../../../src/storage-contract/concurrency.js';
import { anOperator } from '../../support/builders.js';
import { badLink, expectResponse } from '../../support/responses.js';
import type { RunningServer } from '../../support/running-server.js';
import { SettableClock } from '../../../src/storage-contract/settable-clock.js';
import { withEachStorage } from '../../support/storages.js';

const path = '/api/password/reset/confirm/';
const newPassword = 'Another & longer kite';
const done = { message: 'Password set successfully' };

describe(`POST ${path}`, () => {
  withEachStorage((start) => {
    let clock: SettableClock;
    let server: RunningServer;
    let links: MakePasswordLink;
    let names = 0;
    let name: string;
    before(async () => {
      clock = new SettableClock();
      server = await start({ REGISTRATION: 'closed' }, clock.now);
      const recordAct = new RecordAct(server.storage.staff, clock.now, anOperator);
      links = new MakePasswordLink(server.storage.users, randomId, sha256, clock.now, recordAct);
    });
    beforeEach(() => {
      name = `invited-${process.pid}-${++names}`;
    });
    after(() => server.stop());

    const confirm = (body: object) => server.call('POST', path, body);
    const signIn = (password = newPassword) =>
      server.call('POST', '/api/token/', { username: name, password });
    const invite = async () => (await links.invite(name)) ?? '';

    it('lets somebody who was invited set a password and sign in, where registration is closed', async () => {
      const token = await invite();
      expect((await signIn()).status).to.equal(401);
      expectResponse(await confirm({ token, new_password: newPassword }), 200, done);
      expect((await signIn()).status).to.equal(200);
    });

    it('ends all sessions', async () => {
      await confirm({ token: await invite(), new_password: newPassword });
      const { access } = (await signIn()).json() as { access: string };
      await confirm({ token: await links.reset(name), new_password: `${newPassword}!` });
      expect((await server.call('GET', '/tasks/', undefined, access)).status).to.equal(401);
      expect((await signIn()).status).to.equal(401);
      expect((await signIn(`${newPassword}!`)).status).to.equal(200);
    });

    it('needs no token of a session, and ignores one', async () => {
      const body = { token: await invite(), new_password: newPassword };
      expectResponse(await server.call('POST', path, body, 'no token'), 200, done);
    });

    it('responds to links that are expired, used, replaced and made up with the same 400', async () => {
      const replaced = await invite();
      const used = await links.reset(name);
      await confirm({ token: used, new_password: newPassword });
      const expired = await links.reset(name);
      clock.advance(86_400);
      for (const token of [replaced, used, expired, `7-${'0'.repeat(32)}`, 'x']) {
        expectResponse(await confirm({ token, new_password: 'short' }), 400, badLink);
      }
    });

    it('takes the token from the body alone', async () => {
      const token = await invite();
      const response = await server.call('POST', `${path}?token=${token}`, { new_password: newPassword });
      expectResponse(response, 400, { token: ['This field is required.'] });
    });

    it('reports a weak password beside its field, and keeps the link', async () => {
      name = 'ada'; // Names with numbers may be similar to this password.
      const token = await invite();
      expectResponse(await confirm({ token, new_password: '1234567' }), 400, {
        new_password: [
          'This password is too short. It must contain at least 8 characters.',
          'This password is too common.',
          'This password is entirely numeric.',
        ],
      });
      expectResponse(await confirm({ token, new_password: newPassword }), 200, done);
    });

    it('lets exactly one of ten concurrent requests use a link', async () => {
      const token = await invite();
      const responses = await concurrently(10, () => confirm({ token, new_password: newPassword }));
      const statuses = responses.map(({ status }) => status).toSorted((one, other) => one - other);
      expect(statuses).to.deep.equal([200, ...Array.from({ length: 9 }, () => 400)]);
    });
  });

  describe('with limits', () => {
    withEachStorage((start) => {
      it('responds with 429 to guesses beyond the limit of sign-ins from one address', async () => {
        const clock = new SettableClock();
        const server = await start({ THROTTLE_SIGN_IN_ADDRESS: '2/60s' }, clock.now);
        const guess = () => server.call('POST', path, { token: 'x', new_password: newPassword });
        for (let i = 0; i < 2; i++) expectResponse(await guess(), 400, badLink);
        const response = await guess();
        expectResponse(response, 429, { detail: 'Request was throttled. Expected available in 30 seconds.' });
        expect(response.headers['retry-after']).to.equal('30');
        await server.stop();
      });
    });
  });
});
