import { expect } from 'chai';
import {
  accessRefused,
  expectResponse,
  invalidCredentials,
  noActiveAccount,
  noCredentials,
  sessionNotFound,
  taskNotFound,
  tokenBlacklisted,
  userInactive,
  userNotFound,
  verifiedAsBlacklisted,
} from '../../support/responses.js';
import { claimsOf } from '../../support/json-web-token.js';
import type { RunningServer, SignedIn } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

/** Who may call. All but the anonymous have credentials: what they once were given, and send wherever it belongs. */
const callers = ['anonymous', 'owner', 'other', 'ended session', 'inactive', 'deleted'] as const;
type Caller = (typeof callers)[number];

/** A status that is a success, or the whole refusal. */
type Expected = number | readonly [status: number, body: object];

interface Row {
  readonly expected: Readonly<Record<Caller, Expected>>;
  /** What is sent; nothing for most. */
  readonly body?: (caller: Credentials) => object;
}

/** What a caller has; the anonymous have made theirs up. */
interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly access?: string;
  readonly refresh?: string;
}

const ended = [401, accessRefused('Token is blacklisted')] as const;
const inactive = [401, userInactive] as const;
const deleted = [401, userNotFound] as const;

/** Answers to those whose access token must be good, however it came to be no good. */
const refusedCallers = {
  anonymous: [401, noCredentials],
  'ended session': ended,
  inactive,
  deleted,
} as const;

const everybody = {
  anonymous: 200,
  owner: 200,
  other: 200,
  'ended session': 200,
  inactive: 200,
  deleted: 200,
} as const;

/** Those who own nothing of what is asked for, as nobody does of what does not exist. */
const only = (status: number, otherwise: Expected): Row['expected'] => ({
  ...refusedCallers,
  owner: status,
  other: otherwise,
});

const required = (field: string) => [400, { [field]: ['This field is required.'] }] as const;

/** Every method of every path that the server knows, as it is answered to each caller. The task and the session are the owner's. */
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
  'POST /api/logout': {
    expected: {
      anonymous: required('refresh'),
      owner: 200,
      other: 200,
      'ended session': [401, tokenBlacklisted],
      inactive: [401, tokenBlacklisted],
      deleted: [401, tokenBlacklisted],
    },
    body: ({ refresh }) => ({ refresh }),
  },
  'POST /api/logout/all': { expected: only(200, 200) },
  'GET /api/sessions': { expected: only(200, 200) },
  'DELETE /api/sessions/:sessionId': { expected: only(200, [404, sessionNotFound]) },
  'POST /api/password/change': {
    expected: only(200, 200),
    body: ({ password }) => ({ old_password: password, new_password: `new ${password}` }),
  },
  'DELETE /api/account': { expected: only(200, 200), body: ({ password }) => ({ password }) },
  'GET /tasks': { expected: only(200, 200) },
  'POST /tasks/create': {
    expected: only(201, 201),
    body: () => ({ title: 'theirs', description: 'd' }),
  },
  'GET /tasks/:taskId': { expected: only(200, [404, taskNotFound]) },
  'PUT /tasks/:taskId/update': {
    expected: only(200, [404, taskNotFound]),
    body: () => ({ title: 'changed' }),
  },
  'DELETE /tasks/:taskId/delete': { expected: only(200, [404, taskNotFound]) },
  'GET /livez': { expected: everybody },
  'GET /readyz': { expected: everybody },
  'GET /.well-known/jwks.json': { expected: everybody },
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
          const expected = row.expected[caller];
          const status = typeof expected === 'number' ? expected : expected[0];
          it(`responds with ${status} to ${caller} on ${route}`, async () => {
            const world = await createWorld();
            const credentials = await credentialsOf(caller, world);
            const answer = await request(route, row, credentials, world);
            if (typeof expected === 'number') expect(answer.status).to.equal(expected);
            else expectResponse(answer, ...expected);

            const isOwnerUnharmed = caller !== 'owner' && caller !== 'inactive' && caller !== 'deleted';
            if (isOwnerUnharmed) await expectUntouched(world);
            if (caller === 'other' || caller === 'anonymous') expect(answer.text).to.not.include('secret');
          });
        }
      });
    }

    /** Signs the owner in twice, who has one task, and somebody else. */
    async function createWorld(): Promise<World> {
      const owner = await server.signedIn('owner');
      const second = await signInAgain(owner);
      await server.call('POST', '/tasks/create/', { title: 'secret', description: 'd' }, owner.access);
      return { owner, second, other: await server.signedIn('other') };
    }

    async function signInAgain({ username, password }: SignedIn): Promise<SignedIn> {
      const answer = await server.call('POST', '/api/token/', { username, password });
      return { username, password, ...(answer.json() as Pick<SignedIn, 'access' | 'refresh'>) };
    }

    async function credentialsOf(caller: Caller, { owner, other }: World): Promise<Credentials> {
      const id = Number(claimsOf(owner.access)['user_id']);
      switch (caller) {
        case 'anonymous':
          return { username: `${owner.username}.nobody`, password: 'made up & long enough' };
        case 'other':
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
      const path = withId(pattern, String(claimsOf(second.access)['sid']));
      return server.call(method, path, body?.(credentials), credentials.access);
    }

    async function expectUntouched({ second }: World): Promise<void> {
      const tasks = await server.call('GET', '/tasks/', undefined, second.access);
      expectResponse(tasks, 200, [{ id: 1, title: 'secret', description: 'd', status: 'pending' }]);
      await signInAgain(second);
    }

    async function methodsOf(path: string): Promise<string[]> {
      const { headers } = await server.call('OPTIONS', withId(path, '0'.repeat(32)));
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

/** The path of the first task, or of a session. */
function withId(pattern: string, sessionId: string): string {
  return pattern.replace(/:\w+/, pattern.startsWith('/tasks') ? '1' : sessionId);
}
