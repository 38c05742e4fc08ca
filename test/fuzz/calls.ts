import * as fc from 'fast-check';
import { notAllowed, unknownPath } from '../support/responses.js';
import { claimsOf } from '../support/json-web-token.js';
import type { Act, Expected } from './api-model.js';
import {
  badUsernames,
  description,
  mostly,
  noText,
  oldOrNewPassword,
  password,
  status,
  title,
  type Input,
} from './inputs.js';
import { write, writing, type RequestBody, type Writing } from './request-bodies.js';
import type { TokenChoice, World } from './world.js';

/** Something that happens in a world. The model has predicted each response of the server. */
export interface Call {
  happenIn(world: World): Promise<void>;
}

/** A kind of call: what is chosen for each, and what then happens. */
function call<Chosen>(
  name: string,
  choices: { [K in keyof Chosen]: fc.Arbitrary<Chosen[K]> },
  happen: (world: World, chosen: Chosen) => Promise<void>,
): fc.Arbitrary<Call> {
  return fc.record<Chosen>(choices).map((chosen) => ({
    happenIn: (world) => happen(world, chosen),
    [fc.toStringMethod]: () => `${name} ${fc.stringify(chosen)}`,
  }));
}

// What is chosen. Names and tokens mean something in a world only.

const user = fc.constantFrom('ada', 'bob', 'eve');
const username = mostly<string | Input>(user, fc.constantFrom(...badUsernames));
const credentials = { username, password, writing };

const age = mostly(fc.constantFrom(0, 0, 0, 1, 2), fc.nat(9));
const token = (usual: 'access' | 'refresh', unusual: 'access' | 'refresh') =>
  mostly<TokenChoice>(
    fc.record({ kind: fc.constant(usual), age }),
    fc.oneof<fc.Arbitrary<TokenChoice>[]>(
      fc.record({ kind: fc.constant(unusual), age }),
      fc.record({ kind: fc.constant(usual), age, changed: fc.constant(true) }),
      fc.constantFrom('garbage', '__proto__'),
    ),
  );
const nobody = fc.constant(undefined);
const caller = mostly<TokenChoice | undefined>(token('access', 'refresh'), nobody);
const tokenField = mostly<TokenChoice | Input>(token('refresh', 'access'), fc.constantFrom(...noText));

const id = mostly(fc.constantFrom('1', '1', '2', '3'), fc.constantFrom('01', '0', '99', '9007199254740993'));
const task = fc.record({ title, description, status });

// The calls: each sends one request to the server, and asks the model for the expected response.

const register = call(
  'register',
  { ...credentials, caller: mostly<TokenChoice | undefined>(nobody, caller) },
  async (world, chosen) => {
    const body = writeCredentials(world, chosen);
    const access = world.access(chosen.caller);
    await world.ask('POST /tasks/register/', { body, access }, world.model.register(body.means, access));
  },
);

const signIn = call('sign in', credentials, async (world, chosen) => {
  const body = writeCredentials(world, chosen);
  await world.ask('POST /api/token/', { body }, world.model.signIn(body.means));
});

const refresh = call('refresh', { tokenField, writing }, async (world, chosen) => {
  const body = write({ refresh: world.tokenInput(chosen.tokenField) }, chosen.writing);
  await world.ask('POST /api/token/refresh/', { body }, world.model.refresh(body.means));
});

const verify = call('verify', { tokenField, writing }, async (world, chosen) => {
  const body = write({ token: world.tokenInput(chosen.tokenField) }, chosen.writing);
  await world.ask('POST /api/token/verify/', { body }, world.model.verify(body.means));
});

const logout = call('log out', { tokenField, writing }, async (world, chosen) => {
  const body = write({ refresh: world.tokenInput(chosen.tokenField) }, chosen.writing);
  await world.ask('POST /api/logout/', { body }, world.model.logout(body.means));
});

const blacklist = call('blacklist', { tokenField, writing }, async (world, chosen) => {
  const body = write({ refresh: world.tokenInput(chosen.tokenField) }, chosen.writing);
  await world.ask('POST /api/token/blacklist/', { body }, world.model.blacklist(body.means));
});

const logoutAll = call('log out of all', { caller }, async (world, chosen) => {
  const access = world.access(chosen.caller);
  await world.ask('POST /api/logout/all/', { access }, world.model.logoutAll(access));
});

const getAccount = call('get account', { caller }, async (world, chosen) => {
  const access = world.access(chosen.caller);
  await world.ask('GET /api/account/', { access }, world.model.account(access));
});

const listSessions = call('list sessions', { caller }, async (world, chosen) => {
  const access = world.access(chosen.caller);
  await world.ask('GET /api/sessions/', { access }, world.model.listSessions(access));
});

const endSession = call(
  'end session',
  { caller, of: fc.record({ kind: fc.constant('access'), age }) },
  async (world, chosen) => {
    const access = world.access(chosen.caller);
    const of = world.access(chosen.of) ?? '';
    const expected = world.model.endSession(access, of);
    await world.ask(`DELETE /api/sessions/${sessionOf(of)}/`, { access }, expected);
  },
);

const changePassword = call(
  'change password',
  { caller, old: password, new: oldOrNewPassword, writing },
  async (world, chosen) => {
    const access = world.access(chosen.caller);
    const body = write({ old_password: chosen.old, new_password: chosen.new }, chosen.writing);
    const expected = world.model.changePassword(access, body.means);
    await world.ask('POST /api/password/change/', { body, access }, expected);
  },
);

const deleteAccount = call('delete account', { caller, password, writing }, async (world, chosen) => {
  const access = world.access(chosen.caller);
  const body = write({ password: chosen.password }, chosen.writing);
  await world.ask('DELETE /api/account/', { body, access }, world.model.deleteAccount(access, body.means));
});

const createTask = call(
  'create',
  { caller, task, writing, path: fc.constantFrom('/tasks/create/', '/tasks/') },
  async (world, chosen) => {
    const access = world.access(chosen.caller);
    const body = write(chosen.task, chosen.writing);
    await world.ask(`POST ${chosen.path}`, { body, access }, world.model.createTask(access, body.means));
  },
);

const listTasks = call(
  'list',
  { caller, query: fc.constantFrom('', '?limit=0', '?limit=1001&offset=1', '?after=x', '?offset=1') },
  async (world, { query, caller: choice }) => {
    const access = world.access(choice);
    await world.ask(`GET /tasks/${query}`, { access }, world.model.listTasks(access));
  },
);

const pageOfTasks = call(
  'page',
  {
    caller,
    limit: fc.integer({ min: 1, max: 4 }),
    after: fc.nat(5),
    offset: fc.option(fc.nat(3), { nil: undefined }),
  },
  async (world, { caller: choice, ...page }) => {
    const access = world.access(choice);
    const { limit, after, offset } = page;
    const request = `GET /tasks/?limit=${limit}&after=${after}`;
    await world.ask(
      offset === undefined ? request : `${request}&offset=${offset}`,
      { access },
      world.model.pageOfTasks(access, page),
    );
  },
);

const getTask = call('get', { caller, id }, async (world, chosen) => {
  const access = world.access(chosen.caller);
  await world.ask(`GET /tasks/${chosen.id}/`, { access }, world.model.getTask(access, Number(chosen.id)));
});

const updateTask = call(
  'update',
  {
    caller,
    id,
    task: fc.record({ title, description, status }, { requiredKeys: [] }),
    writing,
    request: fc.constantFrom('PUT /tasks/:id/update/', 'PUT /tasks/:id/', 'PATCH /tasks/:id/'),
  },
  async (world, chosen) => {
    const access = world.access(chosen.caller);
    const body = write(chosen.task, chosen.writing);
    const expected = world.model.updateTask(access, Number(chosen.id), body.means);
    await world.ask(chosen.request.replace(':id', chosen.id), { body, access }, expected);
  },
);

const deleteTask = call(
  'delete',
  { caller, id, path: fc.constantFrom('/delete/', '/') },
  async (world, chosen) => {
    const access = world.access(chosen.caller);
    const expected = world.model.deleteTask(access, Number(chosen.id));
    await world.ask(`DELETE /tasks/${chosen.id}${chosen.path}`, { access }, expected);
  },
);

const getUser = call('get user', { caller, user }, async (world, chosen) => {
  const access = world.access(chosen.caller);
  const expected = world.model.getUser(access, world.nameOf(chosen.user));
  await world.ask(`GET /api/admin/users/${await world.idOf(chosen.user)}/`, { access }, expected);
});

const administer = call(
  'administer',
  {
    caller,
    user,
    act: fc.constantFrom<Act>('activate', 'deactivate', 'end-sessions', 'delete'),
    password,
    writing,
  },
  async (world, { act, user: subject, ...chosen }) => {
    const access = world.access(chosen.caller);
    const body = write({ password: chosen.password }, chosen.writing);
    const path = `/api/admin/users/${await world.idOf(subject)}/`;
    const expected = world.model.administer(access, act, world.nameOf(subject), body.means);
    const request = act === 'delete' ? `DELETE ${path}` : `POST ${path}${act}/`;
    await world.ask(request, { body, access }, expected);
  },
);

/** What callers are rejected, whatever there is. */
const refusals = new Map<string, Expected>([
  ['PATCH /tasks/', { status: 405, body: notAllowed('PATCH') }],
  ['GET /tasks/create/', { status: 405, body: notAllowed('GET') }],
  ['POST /tasks/1/delete/', { status: 405, body: notAllowed('POST') }],
]);

const rejected = call(
  'ask without success',
  { caller, rejection: fc.constantFrom(...refusals) },
  async (world, { caller: choice, rejection: [request, rejection] }) => {
    const access = world.access(choice);
    await world.ask(request, { access }, world.model.rejectedForCallers(access, rejection));
  },
);

const lost = call(
  'get lost',
  { caller, path: fc.constantFrom('/tasks/x/', '/tasks/-1/', '/tasks//', '/tasks/1/update/x') },
  (world, chosen) =>
    world.ask(
      `GET ${chosen.path}`,
      { access: world.access(chosen.caller) },
      { status: 404, body: unknownPath },
    ),
);

// What happens besides.

const operate = call(
  'operate',
  { user, state: fc.constantFrom('inactive', 'active', 'deleted') },
  async (world, chosen) => {
    const { users } = world.server.storage;
    const found = await users.findByName(world.nameOf(chosen.user));
    const changes = { active: 'activate', inactive: 'deactivate', deleted: 'remove' } as const;
    if (found) await users[changes[chosen.state]](found.id);
    world.model.changeAccount(world.nameOf(chosen.user), chosen.state);
  },
);

const setStaff = call(
  'set staff',
  { user, isStaff: mostly(fc.constant(true), fc.constant(false)) },
  async (world, chosen) => {
    const { staff } = world.server.storage;
    const userId = await world.idOf(chosen.user);
    await (chosen.isStaff ? staff.add(userId) : staff.remove(userId));
    world.model.setStaff(world.nameOf(chosen.user), chosen.isStaff);
  },
);

const passTime = call(
  'pass time',
  { seconds: mostly(fc.constantFrom(1, 5, 9, 10, 60), fc.constantFrom(299, 300, 1800, 3599, 3600)) },
  async (world, { seconds }) => world.clock.advance(seconds),
);

/** Everything that may happen. A new endpoint gets its call above, its line here, and a method of the model. */
export const anyCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 2, arbitrary: register },
  { weight: 4, arbitrary: signIn },
  { weight: 5, arbitrary: refresh },
  { weight: 2, arbitrary: verify },
  { weight: 1, arbitrary: logout },
  { weight: 1, arbitrary: blacklist },
  { weight: 1, arbitrary: logoutAll },
  { weight: 1, arbitrary: getAccount },
  { weight: 2, arbitrary: listSessions },
  { weight: 1, arbitrary: endSession },
  { weight: 1, arbitrary: changePassword },
  { weight: 1, arbitrary: deleteAccount },
  { weight: 14, arbitrary: createTask },
  { weight: 3, arbitrary: listTasks },
  { weight: 3, arbitrary: pageOfTasks },
  { weight: 3, arbitrary: getTask },
  { weight: 6, arbitrary: updateTask },
  { weight: 4, arbitrary: deleteTask },
  { weight: 2, arbitrary: getUser },
  { weight: 4, arbitrary: administer },
  { weight: 2, arbitrary: setStaff },
  { weight: 1, arbitrary: rejected },
  { weight: 1, arbitrary: lost },
  { weight: 1, arbitrary: operate },
  { weight: 2, arbitrary: passTime },
);

/** The id of a token's session, or one that no session has. */
function sessionOf(text: string): string {
  return text.startsWith('eyJ') ? String(claimsOf(text)['sid']) : '0'.repeat(32);
}

function writeCredentials(
  world: World,
  chosen: { readonly username: string | Input; readonly password: Input; readonly writing: Writing },
): RequestBody {
  return write({ username: world.nameInput(chosen.username), password: chosen.password }, chosen.writing);
}
