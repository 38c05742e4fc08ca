// No framework: node:http, a router of a few comparisons, one round trip to Redis per request. What one who cares about speed
// writes by hand; the last tricks (corked socket, remembered tokens) are left to fastify-max.
import type { IncomingMessage } from 'node:http';
import { Redis } from 'ioredis';
import { Accounts, type Credentials } from './accounts.js';
import { port, redisUrl } from './environment.js';
import { bearerToken, readJson, serve, type HttpResponse } from './node-http.js';
import { OneRoundTripTasks } from './one-round-trip-tasks.js';
import { openSession } from './sessions.js';
import { parseChanges, parseDraft } from './tasks.js';
import { verifyAccess, type Claims } from './tokens.js';

const redis = new Redis(redisUrl);
const accounts = new Accounts(redis);
const tasks = new OneRoundTripTasks(redis);

const unknownPath: HttpResponse = { status: 404, body: { detail: 'Not found.' } };
const wrongFields: HttpResponse = { status: 400, body: { detail: 'Wrong fields.' } };
const unauthorized: HttpResponse = {
  status: 401,
  body: { detail: 'Given token not valid for any token type' },
};

serve(port, async (request) => {
  const { method, url = '' } = request;
  if (url === '/tasks/register/' && method === 'POST') return register(request);
  if (url === '/api/token/' && method === 'POST') return signIn(request);
  if (!url.startsWith('/tasks/')) return unknownPath;
  const token = bearerToken(request);
  const caller = token === undefined ? undefined : verifyAccess(token);
  return caller ? serveTasks(request, url, caller) : unauthorized;
});

async function serveTasks(request: IncomingMessage, url: string, caller: Claims): Promise<HttpResponse> {
  const { method } = request;
  if (url === '/tasks/' && method === 'GET') return respond(200, await tasks.list(caller));
  if (url === '/tasks/create/' && method === 'POST') {
    const draft = parseDraft(await readJson(request));
    return draft ? respond(201, await tasks.create(caller, draft)) : wrongFields;
  }
  const [, , id, action] = url.split('/');
  if (id === undefined || !/^[0-9]+$/.test(id)) return unknownPath;
  if (action === '' && method === 'GET') return respond(200, await tasks.find(caller, Number(id)));
  if (action === 'update' && method === 'PUT') {
    const changes = parseChanges(await readJson(request));
    return changes ? respond(200, await tasks.update(caller, Number(id), changes)) : wrongFields;
  }
  if (action === 'delete' && method === 'DELETE') {
    const removed = await tasks.remove(caller, Number(id));
    return respond(200, removed === true ? { message: 'Task deleted successfully' } : removed || undefined);
  }
  return unknownPath;
}

/** Responds with the result of an operation; undefined means that there is no such task. */
function respond(status: number, outcome: object | 'no session' | undefined): HttpResponse {
  if (outcome === 'no session') return unauthorized;
  return outcome === undefined
    ? { status: 404, body: { error: 'Task not found' } }
    : { status, body: outcome };
}

async function register(request: IncomingMessage): Promise<HttpResponse> {
  const isNew = await accounts.register((await readJson(request)) as Credentials);
  return isNew ? { status: 201, body: { message: 'User registered successfully' } } : wrongFields;
}

async function signIn(request: IncomingMessage): Promise<HttpResponse> {
  const userId = await accounts.signIn((await readJson(request)) as Credentials);
  return userId === undefined ? unauthorized : { status: 200, body: await openSession(redis, userId) };
}
