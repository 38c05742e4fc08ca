// Fastify with everything that makes Hexado's storage fast: one trip to Redis per request over a corked socket, tasks
// as JSON in one sorted set, a key object, verified tokens remembered.
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { Redis } from 'ioredis';
import { Accounts, type Credentials } from './accounts.js';
import { corked } from './corked.js';
import { port, redisUrl } from './environment.js';
import { OneTripTasks } from './one-trip-tasks.js';
import { changesSchema, credentialsSchema, draftSchema, listSchema, taskSchema } from './schemas.js';
import { openSession } from './sessions.js';
import type { TaskDraft } from './tasks.js';
import { rememberVerified, type Claims } from './tokens.js';

const redis = corked(new Redis(redisUrl));
const accounts = new Accounts(redis);
const tasks = new OneTripTasks(redis, true);
const verify = rememberVerified();

const app = Fastify({ logger: false });

app.post<{ Body: Credentials }>(
  '/tasks/register/',
  { schema: { body: credentialsSchema } },
  async ({ body }, reply) => {
    if (!(await accounts.register(body))) return reply.code(400).send({ username: ['taken'] });
    return reply.code(201).send({ message: 'User registered successfully' });
  },
);

app.post<{ Body: Credentials }>(
  '/api/token/',
  { schema: { body: credentialsSchema } },
  async ({ body }, reply) => {
    const userId = await accounts.signIn(body);
    if (userId === undefined) return reply.code(401).send({ detail: 'No active account found' });
    return openSession(redis, userId);
  },
);

await app.register(async (own) => {
  own.decorateRequest('caller');
  own.addHook('onRequest', (request, reply, done) => {
    const caller = readToken(request);
    if (!caller) return void refuse(reply);
    request.caller = caller;
    done();
  });

  own.get('/tasks/', { schema: { response: { 200: listSchema } } }, async ({ caller }, reply) =>
    answer(reply, await tasks.list(caller)),
  );

  own.post<{ Body: TaskDraft }>(
    '/tasks/create/',
    { schema: { body: draftSchema, response: { 201: taskSchema } } },
    async ({ caller, body }, reply) => answer(reply.code(201), await tasks.create(caller, body)),
  );

  own.get<{ Params: { id: string } }>(
    '/tasks/:id/',
    { schema: { response: { 200: taskSchema } } },
    async ({ caller, params }, reply) => answer(reply, await tasks.find(caller, Number(params.id))),
  );

  own.put<{ Params: { id: string }; Body: Partial<TaskDraft> }>(
    '/tasks/:id/update/',
    { schema: { body: changesSchema, response: { 200: taskSchema } } },
    async ({ caller, params, body }, reply) =>
      answer(reply, await tasks.update(caller, Number(params.id), body)),
  );

  own.delete<{ Params: { id: string } }>('/tasks/:id/delete/', async ({ caller, params }, reply) => {
    const removed = await tasks.remove(caller, Number(params.id));
    return answer(reply, removed === true ? { message: 'Task deleted successfully' } : removed || undefined);
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

/** Answers with what an operation came to; undefined stands for a task that is not there. */
function answer(reply: FastifyReply, outcome: object | 'no session' | undefined): FastifyReply {
  if (outcome === 'no session') return refuse(reply);
  return outcome === undefined ? reply.code(404).send({ error: 'Task not found' }) : reply.send(outcome);
}

function refuse(reply: FastifyReply): FastifyReply {
  return reply.code(401).send({ detail: 'Given token not valid for any token type' });
}
