import { expect } from 'chai';
import {
  accessTokenError,
  badLink,
  expectResponse,
  invalidCredentials,
  noActiveAccount,
  noCredentials,
  noPermission,
  sessionNotFound,
  taskNotFound,
  tokenBlacklisted,
  userInactive,
  userNotFound,
  verifiedAsBlacklisted,
} from '../../support/responses.js';
import { claimsOf, sessionRefOf } from '../../support/json-web-token.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

/** All kinds of callers. Every caller except `anonymous` sends the credentials that it was once given. */
const callers = [
  'anonymous',
  'owner',
  'other',
  'staff',
  'demoted staff',
  'ended session',
  'inactive',
  'deleted',
] as const;
type Caller = (typeof callers)[number];

/** The status of a success, or the status and body of an error. */
type Expected = number | readonly [status: number, body: object];

interface Row {
  /** For staff, only where it is another than for `other`. */
  readonly expected: Readonly<Record<Exclude<Caller, 'staff' | 'demoted staff'>, Expected>> & {
    readonly staff?: Expected;
  };
  /** The body to send, if any. */
  readonly body?: (caller: Credentials) => object;
}

/** The credentials of a caller; invented for `anonymous`. */
interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly access?: string;
  readonly refresh?: string;
}

const ended = [401, accessTokenError('Token is blacklisted')] as const;
const inactive = [401, userInactive] as const;
const deleted = [401, userNotFound] as const;

/** The responses of routes that require a session to callers without one. */
const unauthenticated = {
  anonymous: [401, noCredentials],
  'ended session': ended,
  inactive,
  deleted,
} as const;

const publicRoute = {
  anonymous: 200,
  owner: 200,
  other: 200,
  'ended session': 200,
  inactive: 200,
  deleted: 200,
} as const;

/** The responses of routes that require a session, where `other` does not own the resource of `owner`. */
const only = (status: number, otherwise: Expected): Row['expected'] => ({
  ...unauthenticated,
  owner: status,
  other: otherwise,
});

/** The responses of routes for staff. */
const staffOnly: Row['expected'] = {
  ...unauthenticated,
  owner: [403, noPermission],
  other: [403, noPermission],
  staff: 200,
};

const required = (field: string) => [400, { [field]: ['This field is required.'] }] as const;

/** Both spellings of a logout. */
const logout: Row = {
  expected: {
    anonymous: required('refresh'),
    owner: 200,
    other: 200,
    'ended session': [401, tokenBlacklisted],
    inactive: [401, tokenBlacklisted],
    deleted: [401, tokenBlacklisted],
  },
  body: ({ refresh }) => ({ refresh }),
};

/** The response of every route to each caller. The task and the session in the path are the owner's. */
const table: Readonly<Record<string, Row>> = {
  'POST /tasks/register': {
    expected: {
      anonymous: 201,
      owner: 201,
      other: 201,
      'ended session': ended,
      inactive,
      deleted,
    },
    body: ({ username, password }) => ({ username: `${username}.new`, password }),
  },
  'POST /api/token': {
    expected: {
      anonymous: [401, invalidCredentials],
      owner: 200,
      other: 200,
      'ended session': 200,
      inactive: [401, invalidCredentials],
      deleted: [401, invalidCredentials],
    },
    body: ({ username, password }) => ({ username, password }),
  },
  'POST /api/token/refresh': {
    expected: {
      anonymous: required('refresh'),
      owner: 200,
      other: 200,
      'ended session': [401, tokenBlacklisted],
      inactive: [401, noActiveAccount],
      deleted: [401, noActiveAccount],
    },
    body: ({ refresh }) => ({ refresh }),
  },
  'POST /api/token/verify': {
    expected: {
      anonymous: required('token'),
      owner: 200,
      other: 200,
      'ended session': [400, verifiedAsBlacklisted],
      inactive: [401, noActiveAccount],
      deleted: [401, noActiveAccount],
    },
    body: ({ access }) => ({ token: access }),
  },
  'POST /api/token/blacklist': logout,
  'POST /api/logout': logout,
  'POST /api/logout/all': { expected: only(200, 200) },
  'GET /api/sessions': { expected: only(200, 200) },
  'DELETE /api/sessions/:sessionId': { expected: only(200, [404, sessionNotFound]) },
  'POST /api/password/change': {
    expected: only(200, 200),
    body: ({ password }) => ({ old_password: password, new_password: `new ${password}` }),
  },
  'POST /api/password/reset/confirm': {
    expected: {
      anonymous: [400, badLink],
      owner: [400, badLink],
      other: [400, badLink],
      'ended session': [400, badLink],
      inactive: [400, badLink],
      deleted: [400, badLink],
    },
    body: ({ password }) => ({ token: `1-${'0'.repeat(32)}`, new_password: `new ${password}` }),
  },
  'GET /api/account': { expected: only(200, 200) },
  'GET /api/account/export': { expected: only(200, 200) },
  'DELETE /api/account': { expected: only(200, 200), body: ({ password }) => ({ password }) },
  'GET /api/admin/users': { expected: staffOnly },
  'GET /api/admin/users/:userId': { expected: staffOnly },
  'DELETE /api/admin/users/:userId': { expected: staffOnly },
  'POST /api/admin/users/:userId/activate': { expected: staffOnly },
  'POST /api/admin/users/:userId/deactivate': { expected: staffOnly },
  'POST /api/admin/users/:userId/end-sessions': { expected: staffOnly },
  'GET /api/admin/stats': { expected: staffOnly },
  'GET /api/admin/audit': { expected: staffOnly },
  'GET /tasks': { expected: only(200, 200) },
  'POST /tasks': {
    expected: only(201, 201),
    body: () => ({ title: 'theirs', description: 'd' }),
  },
  'POST /tasks/create': {
    expected: only(201, 201),
    body: () => ({ title: 'theirs', description: 'd' }),
  },
  'GET /tasks/:taskId': { expected: only(200, [404, taskNotFound]) },
  'PUT /tasks/:taskId': {
    expected: only(200, [404, taskNotFound]),
    body: () => ({ title: 'changed' }),
  },
  'PATCH /tasks/:taskId': {
    expected: only(200, [404, taskNotFound]),
    body: () => ({ title: 'changed' }),
  },
  'DELETE /tasks/:taskId': { expected: only(200, [404, taskNotFound]) },
  'PUT /tasks/:taskId/update': {
    expected: only(200, [404, taskNotFound]),
    body: () => ({ title: 'changed' }),
  },
  'DELETE /tasks/:taskId/delete': { expected: only(200, [404, taskNotFound]) },
  'GET /livez': { expected: publicRoute },
  'GET /readyz': { expected: publicRoute },
  'GET /.well-known/jwks.json': { expected: publicRoute },
  'GET /openapi.json': { expected: publicRoute },
  'GET /api/schema': { expected: publicRoute },
};

describe('authorisation', () => {
  withEachStorage((start) => {
    let server: RunningServer;
    before(async () => {
      server = await start();
    });
    after(() => server.stop());

    it('the authorisation table has one row for every method of every route', async () => {
      const known = await Promise.all(server.paths.map(methodsOf));
      expect(known.flat()).to.have.members(Object.keys(table));
    });

    for (const [route, row] of Object.entries(table)) {
      describe(`of ${route}`, () => {
        for (const caller of callers) {
          const expected = expectedOf(row, caller);
          const status = typeof expected === 'number' ? expected : expected[0];
          it(`responds with ${status} to ${caller} on ${route}`, async () => {
            const world = await createWorld();
            const credentials = await credentialsOf(caller, world);
            const response = await request(route, row, credentials, world);
            if (typeof expected === 'number') expect(response.status).to.equal(expected);
            else expectResponse(response, ...expected);

            const mayHarm = ['owner', 'inactive', 'deleted', ...(row.expected.staff ? ['staff'] : [])];
            if (!mayHarm.includes(caller)) await expectUntouched(world);
            if (caller !== 'owner') expect(response.text).to.not.include('secret');
          });
        }
      });
    }

    /** Signs in the owner, who has one task, twice, and another user once. */
    async function createWorld(): Promise<World> {
      const owner = await server.registerAndSignIn('owner');
      const second = await signInAgain(owner);
      await server.call('POST', '/tasks/create/', { title: 'secret', description: 'd' }, owner.access);
      return { owner, second, other: await server.registerAndSignIn('other') };
    }

    async function signInAgain({ username, password }: SignedIn): Promise<SignedIn> {
      const response = await server.call('POST', '/api/token/', { username, password });
      return { username, password, ...(response.json() as Pick<SignedIn, 'access' | 'refresh'>) };
    }

    async function credentialsOf(caller: Caller, { owner, other }: World): Promise<Credentials> {
      const id = idOf(owner);
      switch (caller) {
        case 'anonymous':
          return { username: `${owner.username}.nobody`, password: 'made up & long enough' };
        case 'other':
          return other;
        case 'staff':
          await server.storage.staff.add(idOf(other));
          return other;
        case 'demoted staff':
          for (const user of [owner, other]) await server.storage.staff.add(idOf(user));
          await server.storage.staff.remove(idOf(other));
          return other;
        case 'ended session':
          await server.call('POST', '/api/logout/', { refresh: owner.refresh });
          return owner;
        case 'inactive':
          await server.storage.users.deactivate(id);
          return owner;
        case 'deleted':
          await server.storage.users.remove(id);
          return owner;
        case 'owner':
          return owner;
      }
    }

    function request(route: string, { body }: Row, credentials: Credentials, { second }: World) {
      const [method = '', pattern = ''] = route.split(' ');
      const path = withId(pattern, { session: String(claimsOf(second.access)['sid']), user: idOf(second) });
      return server.call(method, path, body?.(credentials), credentials.access);
    }

    async function expectUntouched({ second }: World): Promise<void> {
      const tasks = await server.call('GET', '/tasks/', undefined, second.access);
      expectResponse(tasks, 200, [{ id: 1, title: 'secret', description: 'd', status: 'pending' }]);
      await signInAgain(second);
    }

    async function methodsOf(path: string): Promise<string[]> {
      const { headers } = await server.call('OPTIONS', withId(path, { session: '0'.repeat(32), user: 1 }));
      const methods = (headers.allow ?? '').split(', ');
      return methods
        .filter((method) => !['HEAD', 'OPTIONS'].includes(method))
        .map((method) => `${method} ${path}`);
    }
  });
});

interface World {
  readonly owner: SignedIn;
  /** The owner's other session. */
  readonly second: SignedIn;
  readonly other: SignedIn;
}

/** The path of the first task, of a session or of a user. */
function withId(pattern: string, { session, user }: { session: string; user: number }): string {
  return pattern.replace(':taskId', '1').replace(':sessionId', session).replace(':userId', String(user));
}

function idOf({ access }: SignedIn): number {
  return sessionRefOf(access).userId;
}

function expectedOf({ expected }: Row, caller: Caller): Expected {
  if (caller === 'demoted staff') return expected.other;
  return caller === 'staff' ? (expected.staff ?? expected.other) : expected[caller];
}
