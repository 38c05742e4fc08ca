import { expect } from 'chai';
import { demoUser } from '../../src/application/add-demo-user.js';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import { staffActs, type StaffAct } from '../../src/domain/staff.js';
import { concurrently } from '../../src/storage-contract/concurrency.js';
import { aNewUser } from '../../src/storage-contract/builders.js';
import { address, Application, client, password } from '../support/application.js';
import { outcomeOf } from '../../src/storage-contract/rejection.js';
import { rejectionOf } from '../support/rejection.js';

describe('administering users', () => {
  let application: Application;
  let staff: SessionRef;
  beforeEach(async () => {
    application = await Application.start({ demo: true });
    staff = await signUpStaff('maria');
  });

  async function signUpStaff(username: string): Promise<SessionRef> {
    const { access } = await application.signedUpUser(username);
    const session = await application.sessionOf(access);
    await application.storage.staff.add(session.userId);
    return session;
  }

  async function perform(act: StaffAct, userId: number, input: object = {}, by = staff): Promise<void> {
    const session = await application.administration.authorise(by);
    await application.administration.execute(session, act, userId, { ...input }, client);
  }

  for (const [act, effect] of [
    ['activate', undefined],
    ['deactivate', { event: 'session_ended', by: 'staff' }],
    ['end_sessions', { event: 'session_ended', by: 'staff' }],
    ['delete', { event: 'account_deleted', by: 'staff' }],
  ] as const) {
    it(`reports who did what to whom: ${act}`, async () => {
      const { id } = await application.register('bob');
      application.events.length = 0;
      await perform(act, id);
      expect(application.events).to.deep.equal([
        { event: 'staff_act', address, userId: 1, act, subject: id },
        ...(effect ? [{ ...effect, userId: id }] : []),
      ]);
    });

    it(`reports and records nothing that was refused: ${act}`, async () => {
      application.events.length = 0;
      expect(await rejectionOf(perform(act, 99))).to.equal('account_not_found');
      expect(application.events).to.deep.equal([]);
      expect(await application.auditLog.page(staff, { before: Infinity, limit: 10 })).to.deep.equal([]);
    });
  }

  it('leaves the account of the demo alone, which is for everybody', async () => {
    const { id } = (await application.storage.users.add(aNewUser({ username: demoUser.username }))) ?? {
      id: 0,
    };
    for (const act of staffActs) expect(await rejectionOf(perform(act, id))).to.equal('account_protected');
  });

  it('is refused after a demotion, also where it has begun before', async () => {
    const other = await signUpStaff('ada');
    const session = await application.administration.authorise(staff);
    await application.storage.staff.remove(staff.userId);
    const act = application.administration.execute(session, 'deactivate', other.userId, {}, client);
    expect(await rejectionOf(act)).to.equal('last_administrator');
    await signUpStaff('eve');
    const again = application.administration.execute(session, 'deactivate', other.userId, {}, client);
    expect(await rejectionOf(again)).to.equal('not_staff');
    expect((await application.storage.users.find(other.userId))?.active).to.equal(true);
  });

  for (const act of ['deactivate', 'delete'] as const) {
    it(`lets one of two stay who ${act} each other at once, and tells the other that nobody else is left`, async () => {
      const other = await signUpStaff('ada');
      const [one, another] = [
        await application.administration.authorise(staff),
        await application.administration.authorise(other),
      ];
      const outcomes = await Promise.all([
        outcomeOf(application.administration.execute(one, act, other.userId, {}, client)),
        outcomeOf(application.administration.execute(another, act, staff.userId, {}, client)),
      ]);
      expect(outcomes).to.have.members([undefined, 'last_administrator']);
      expect(await application.storage.staff.list()).to.have.length(1);
    });
  }

  it('takes the password of the member of staff, not that of the user', async () => {
    const { id } = await application.register('bob');
    await application.storage.users.setPasswordHash(id, 'another');
    application.passTime(600);
    expect(await rejectionOf(perform('delete', id))).to.deep.equal({ password: [{ code: 'required' }] });
    expect(await rejectionOf(perform('delete', id, { password: 'wrong' }))).to.deep.equal({
      password: [{ code: 'password_incorrect' }],
    });
    await perform('delete', id, { password });
    expect(await application.storage.users.find(id)).to.equal(undefined);
  });

  describe('a search', () => {
    it('examines ten thousand users for one page, and goes on where it stopped', async () => {
      await concurrently(20_500, (index) =>
        application.storage.users.add(aNewUser({ username: `u${index}` })),
      );
      await application.register('needle');
      const pages = [];
      for (let next: number | undefined = 0; next !== undefined;) {
        const page = await application.browseUsers.page(staff, { after: next, limit: 5 }, 'NEEDLE');
        pages.push({ names: page.users.map(({ user }) => user.username), next: page.next });
        ({ next } = page);
      }
      expect(pages).to.deep.equal([
        { names: [], next: 10_000 },
        { names: [], next: 20_000 },
        { names: ['needle'], next: undefined },
      ]);
    });

    it('stops at its next page when the member of staff is demoted', async () => {
      await signUpStaff('ada');
      await concurrently(1_000, (index) =>
        application.storage.users.add(aNewUser({ username: `u${index}` })),
      );
      const pages = application.browseUsers.pages(staff, 0);
      expect((await pages.next()).value?.users).to.have.length(1_000);
      await application.storage.staff.remove(staff.userId);
      expect(await rejectionOf(pages.next())).to.equal('not_staff');
    });
  });
});
