// Fastify on Hexado's own storage, with all that makes that fast: one round trip to Redis per request over a corked
// socket, tasks as text in one sorted set; and tokens that are remembered once they were found good.
import { randomUUID } from 'node:crypto';
import bcrypt from 'bcrypt';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { createStorage } from '../../src/adapters/redis/create-storage.js';
import { DomainError } from '../../src/domain/errors.js';
import { openSession } from '../../src/domain/session.js';
import type { Credentials } from './accounts.js';
import { port, redisUrl } from './environment.js';
import { changesSchema, credentialsSchema, draftSchema, listSchema, taskSchema } from './schemas.js';
import type { TaskDraft } from './tasks.js';
import { rememberVerified, signToken, type Claims } from './tokens.js';

const clock = () => Date.now() / 1000;
const log = { debug() {}, info() {}, warn() {}, error() {} };
const { hostname: host, port: redisPort } = new URL(redisUrl);
const redis = {
  mode: 'single',
  hosts: [{ host, port: Number(redisPort) }],
  tls: false,
  database: 0,
  keyPrefix: '',
  replicasToWaitFor: 0,
} as const;
const { users, sessions, tasks } = await createStorage({ clock, log, redis });
const verify = rememberVerified();

const lifetime = 24 * 60 * 60;
const policy = {
  accessLifetime: lifetime,
  refreshLifetime: lifetime,
  sessionLifetime: lifetime,
  rotate: false,
  grace: 0,
  maxPerUser: 100,
};

/** What a user may have: everything. */
const limits = { tasks: Infinity, bytes: Infinity, idempotencyKeys: Infinity };

/** The most tasks in one list, as they are read. */
const wholeList = { after: 0, limit: 1000 };

const app = Fastify({ logger: false });

app.setErrorHandler((error, _request, reply) =>
  error instanceof DomainError ? sendUnauthorized(reply) : reply.send(error),
);

app.post<{ Body: Credentials }>(
  '/tasks/register/',
  { schema: { body: credentialsSchema } },
  async ({ body }, reply) => {
    // Registering and signing in are not measured: the cheapest hash will do.
    const passwordHash = await bcrypt.hash(body.password, 4);
    const user = await users.add({ username: body.username, passwordHash, createdAt: Math.floor(clock()) });
    if (!user) return reply.code(400).send({ username: ['taken'] });
    return reply.code(201).send({ message: 'User registered successfully' });
  },
);

app.post<{ Body: Credentials }>(
  '/api/token/',
  { schema: { body: credentialsSchema } },
  async ({ body }, reply) => {
    const user = await users.findByName(body.username);
    if (!user || !(await bcrypt.compare(body.password, user.passwordHash))) {
      return reply.code(401).send({ detail: 'No active account found' });
    }
    const ids = { id: randomUUID(), userId: user.id, address: '127.0.0.1', refreshId: randomUUID() };
    await sessions.open(openSession(ids, clock(), policy), user.passwordHash, policy.maxPerUser);
    const token = (type: 'access' | 'refresh') =>
      signToken({ type, userId: user.id, sessionId: ids.id }, lifetime);
    return { refresh: token('refresh'), access: token('access') };
  },
);

await app.register(async (own) => {
  own.decorateRequest('caller');
  own.addHook('onRequest', (request, reply, done) => {
    const caller = readToken(request);
    if (!caller) return void sendUnauthorized(reply);
    request.caller = caller;
    done();
  });

  own.get('/tasks/', { schema: { response: { 200: listSchema } } }, async ({ caller }, reply) =>
    respond(reply, (await tasks.list(caller, wholeList)).tasks),
  );

  own.post<{ Body: TaskDraft }>(
    '/tasks/create/',
    { schema: { body: draftSchema, response: { 201: taskSchema } } },
    async ({ caller, body }, reply) => respond(reply.code(201), await tasks.create(caller, body, { limits })),
  );

  own.get<{ Params: { id: string } }>(
    '/tasks/:id/',
    { schema: { response: { 200: taskSchema } } },
    async ({ caller, params }, reply) => respond(reply, await tasks.find(caller, Number(params.id))),
  );

  own.put<{ Params: { id: string }; Body: Partial<TaskDraft> }>(
    '/tasks/:id/update/',
    { schema: { body: changesSchema, response: { 200: taskSchema } } },
    async ({ caller, params, body }, reply) =>
      respond(reply, await tasks.update(caller, Number(params.id), body, { maxBytes: limits.bytes })),
  );

  own.delete<{ Params: { id: string } }>('/tasks/:id/delete/', async ({ caller, params }, reply) => {
    const removed = await tasks.remove(caller, Number(params.id));
    return respond(reply, removed ? { message: 'Task deleted successfully' } : undefined);
  });
});

await app.listen({ port, host: '127.0.0.1' });

declare module 'fastify' {
  interface FastifyRequest {
    caller: Claims;
  }
}

function readToken({ headers }: FastifyRequest): Claims | undefined {
  const { authorization } = headers;
  return authorization?.startsWith('Bearer ') ? verify(authorization.slice('Bearer '.length)) : undefined;
}

/** Responds with the result of an operation; undefined means that there is no such task. */
function respond(reply: FastifyReply, outcome: object | undefined): FastifyReply {
  return outcome === undefined ? reply.code(404).send({ error: 'Task not found' }) : reply.send(outcome);
}

function sendUnauthorized(reply: FastifyReply): FastifyReply {
  return reply.code(401).send({ detail: 'Given token not valid for any token type' });
}
