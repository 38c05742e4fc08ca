// Fastify as one writes it: schemas for bodies and responses, @fastify/jwt, a hash per task, a call to Redis at a time.
import jwt from '@fastify/jwt';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { Redis } from 'ioredis';
import { Accounts, type Credentials } from './accounts.js';
import { port, redisUrl, signingKey } from './environment.js';
import { HashPerTask } from './hash-per-task.js';
import { changesSchema, credentialsSchema, draftSchema, listSchema, taskSchema } from './schemas.js';
import type { TaskDraft } from './tasks.js';

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: { user_id: number; token_type: 'access' | 'refresh' };
    user: { user_id: number; token_type: 'access' | 'refresh' };
  }
}

const redis = new Redis(redisUrl);
const accounts = new Accounts(redis);
const tasks = new HashPerTask(redis);

const app = Fastify({ logger: false });
await app.register(jwt, { secret: signingKey });

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
    const token = (type: 'access' | 'refresh') =>
      app.jwt.sign({ user_id: userId, token_type: type }, { expiresIn: '1d' });
    return { refresh: token('refresh'), access: token('access') };
  },
);

await app.register(async (own) => {
  own.addHook('onRequest', authenticate);

  own.get('/tasks/', { schema: { response: { 200: listSchema } } }, async ({ user }) =>
    tasks.list(user.user_id),
  );

  own.post<{ Body: TaskDraft }>(
    '/tasks/create/',
    { schema: { body: draftSchema, response: { 201: taskSchema } } },
    async ({ user, body }, reply) => reply.code(201).send(await tasks.create(user.user_id, body)),
  );

  own.get<{ Params: { id: number } }>(
    '/tasks/:id/',
    { schema: { response: { 200: taskSchema } } },
    async ({ user, params }, reply) => (await tasks.find(user.user_id, params.id)) ?? notFound(reply),
  );

  own.put<{ Params: { id: number }; Body: Partial<TaskDraft> }>(
    '/tasks/:id/update/',
    { schema: { body: changesSchema, response: { 200: taskSchema } } },
    async ({ user, params, body }, reply) =>
      (await tasks.update(user.user_id, params.id, body)) ?? notFound(reply),
  );

  own.delete<{ Params: { id: number } }>('/tasks/:id/delete/', async ({ user, params }, reply) =>
    (await tasks.remove(user.user_id, params.id))
      ? { message: 'Task deleted successfully' }
      : notFound(reply),
  );
});

await app.listen({ port, host: '127.0.0.1' });

async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { user_id, token_type } = await request.jwtVerify<FastifyRequest['user']>();
  if (token_type === 'access' && (await accounts.isActive(user_id))) return undefined;
  return reply.code(401).send({ detail: 'Given token not valid for any token type' });
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ error: 'Task not found' });
}
