import { expect } from 'chai';
import { accessTokenError, badHeader, expectResponse, noCredentials } from '../../support/responses.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';

const invalid = accessTokenError('Token is invalid or expired');

/** The header, with `<access>` and `<refresh>` for tokens, and the body of the 401; undefined if it is accepted. */
const headers: readonly (readonly [header: string | undefined, rejection: object | undefined])[] = [
  [undefined, noCredentials],
  ['', noCredentials],
  ['<access>', noCredentials],
  ['bearer <access>', noCredentials],
  ['BEARER <access>', noCredentials],
  ['Basic <access>', noCredentials],
  ['Bearer,<access>', noCredentials],
  ['Bearer:<access>', noCredentials],
  ['Bearer<access>', noCredentials],
  ['JWT <access>', noCredentials],
  ['Bearer', badHeader],
  ['Bearer ', badHeader],
  ['Bearer <access> <access>', badHeader],
  ['Bearer a b', badHeader],
  ['Bearer a b c', badHeader],
  ['Bearer garbage', invalid],
  ['Bearer null', invalid],
  ['Bearer ..', invalid],
  ['Bearer "<access>"', invalid],
  ['Bearer <access>.', invalid],
  ['Bearer <refresh>', accessTokenError('Token has wrong type')],
  ['Bearer <access>', undefined],
  ['Bearer   <access>', undefined],
  ['Bearer\t<access>', undefined],
];

describe('the Authorization header with AUTH_HEADER_TYPES=JWT,Bearer,x|y+', () => {
  let server: RunningServer;
  let user: SignedIn;
  before(async () => {
    server = await RunningServer.start({ AUTH_HEADER_TYPES: 'JWT,Bearer,x|y+' });
    user = await server.registerAndSignIn();
  });
  after(() => server.stop());

  for (const [header, status] of [
    ['JWT <access>', 200],
    ['Bearer <access>', 200],
    ['x|y+ <access>', 200],
    ['JWT   <access>', 200],
    ['jwt <access>', 401],
    ['BEARER <access>', 401],
    ['x <access>', 401],
    ['Token <access>', 401],
    ['JWT', 401],
    ['JWT a b', 401],
    [undefined, 401],
  ] as const) {
    it(`responds with ${status} to ${header ?? 'no header'}, and names the first scheme in a 401`, async () => {
      const authorization = header && { Authorization: header.replace('<access>', user.access) };
      const response = await server.send({ method: 'GET', path: '/tasks/', headers: authorization ?? {} });
      expect(response.status).to.equal(status);
      const challenge = status === 401 ? 'JWT realm="api"' : undefined;
      expect(response.headers['www-authenticate']).to.equal(challenge);
    });
  }

  it('tells a bad header of any of these schemes from a missing token', async () => {
    for (const [header, body] of [
      ['JWT', badHeader],
      ['x|y+ a b', badHeader],
      ['JWT garbage', invalid],
      ['Token garbage', noCredentials],
    ] as const) {
      const response = await server.send({
        method: 'GET',
        path: '/tasks/',
        headers: { Authorization: header },
      });
      expect([response.status, response.json()]).to.deep.equal([401, body]);
    }
  });
});

describe('the Authorization header', () => {
  let server: RunningServer;
  let user: SignedIn;
  let newUsers = 0;
  before(async () => {
    server = await RunningServer.start();
    user = await server.registerAndSignIn();
  });
  after(() => server.stop());

  const newCredentials = () => ({ username: `somebody.${++newUsers}`, password: 'Xk9-fence-Orbit' });

  function send(method: string, path: string, header: string | undefined, body?: object) {
    const filled = header?.replaceAll('<access>', user.access).replaceAll('<refresh>', user.refresh);
    return server.send({
      method,
      path,
      headers: {
        ...(filled !== undefined && { Authorization: filled }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  describe('on GET /tasks/', () => {
    for (const [header, rejection] of headers) {
      it(`${rejection ? 'rejects' : 'accepts'} the Authorization header ${JSON.stringify(header) ?? 'nothing'} on GET /tasks/`, async () => {
        const response = await send('GET', '/tasks/', header);
        if (rejection) expectResponse(response, 401, rejection);
        else expectResponse(response, 200, []);
      });
    }
  });

  describe('on POST /tasks/register/', () => {
    for (const [header, rejection] of headers) {
      const isIgnored = rejection === noCredentials;
      it(`${isIgnored ? 'ignores' : rejection ? 'rejects' : 'accepts'} the Authorization header ${JSON.stringify(header) ?? 'nothing'} on registration`, async () => {
        const response = await send('POST', '/tasks/register/', header, newCredentials());
        if (rejection && !isIgnored) expectResponse(response, 401, rejection);
        else expectResponse(response, 201, { message: 'User registered successfully' });
      });
    }

    it('checks the Authorization header of a registration before the body', async () => {
      expectResponse(await send('POST', '/tasks/register/', 'Bearer garbage', {}), 401, invalid);
    });

    it('creates no user when the Authorization header of a registration is rejected', async () => {
      const credentials = newCredentials();
      await send('POST', '/tasks/register/', 'Bearer garbage', credentials);
      expect((await server.call('POST', '/tasks/register/', credentials)).status).to.equal(201);
    });

    it('rejects a registration with an access token whose session has ended', async () => {
      const { access, refresh } = await server.registerAndSignIn();
      await server.call('POST', '/api/logout/', { refresh });
      const response = await server.call('POST', '/tasks/register/', newCredentials(), access);
      expectResponse(response, 401, accessTokenError('Token is blacklisted'));
    });
  });

  it('ignores the Authorization header at sign-in, refresh, verify and logout', async () => {
    const { username, password, refresh } = await server.registerAndSignIn();
    for (const header of ['Bearer garbage', 'Bearer', 'Bearer a b', 'Bearer <refresh>']) {
      const statuses = [
        await send('POST', '/api/token/', header, { username, password }),
        await send('POST', '/api/token/refresh/', header, { refresh }),
        await send('POST', '/api/token/verify/', header, { token: refresh }),
        await send('GET', '/api/token/', header),
        await send('POST', '/api/logout/', header, {}),
      ].map(({ status }) => status);
      expect(statuses).to.deep.equal([200, 200, 200, 405, 400]);
    }
    expect((await send('POST', '/api/logout/', 'Bearer garbage', { refresh })).status).to.equal(200);
  });
});
