// The least that can be done for "get one" in memory: node:http, the token check with its memory of verified tokens, and
// maps. What a server on STORAGE=memory is compared with.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { port } from './environment.js';
import { bearerToken, readJson, serve, type HttpResponse } from './node-http.js';
import { parseDraft, type Task } from './tasks.js';
import { rememberVerified, signToken } from './tokens.js';

const userIds = new Map<string, number>();
const sessions = new Set<string>();
const tasks = new Map<number, Map<number, Task>>();
const verify = rememberVerified();

const wrongFields: HttpResponse = { status: 400, body: { detail: 'Wrong fields.' } };
const unauthorized: HttpResponse = {
  status: 401,
  body: { detail: 'Given token not valid for any token type' },
};

serve(port, async (request) => {
  const { method, url = '' } = request;
  if (url === '/tasks/register/') return register(request);
  if (url === '/api/token/') return signIn(request);
  const token = bearerToken(request);
  const caller = token === undefined ? undefined : verify(token);
  if (!caller || !sessions.has(caller.sessionId)) return unauthorized;
  if (url === '/tasks/create/' && method === 'POST') return create(request, caller.userId);
  const id = /^\/tasks\/([0-9]+)\/$/.exec(url)?.[1];
  const task = method === 'GET' && id !== undefined && tasks.get(caller.userId)?.get(Number(id));
  return task ? { status: 200, body: task } : { status: 404, body: { error: 'Task not found' } };
});

async function create(request: IncomingMessage, userId: number): Promise<HttpResponse> {
  const draft = parseDraft(await readJson(request));
  if (!draft) return wrongFields;
  const own = tasks.get(userId) ?? new Map<number, Task>();
  const task = { id: own.size + 1, ...draft };
  tasks.set(userId, own.set(task.id, task));
  return { status: 201, body: task };
}

// Passwords are not what is compared here.
async function register(request: IncomingMessage): Promise<HttpResponse> {
  const { username } = (await readJson(request)) as { username: string };
  if (userIds.has(username)) return wrongFields;
  userIds.set(username, userIds.size + 1);
  return { status: 201, body: { message: 'User registered successfully' } };
}

async function signIn(request: IncomingMessage): Promise<HttpResponse> {
  const { username } = (await readJson(request)) as { username: string };
  const userId = userIds.get(username);
  if (userId === undefined) return unauthorized;
  const sessionId = randomUUID();
  sessions.add(sessionId);
  const token = (type: 'access' | 'refresh') => signToken({ type, userId, sessionId }, 24 * 60 * 60);
  return { status: 200, body: { refresh: token('refresh'), access: token('access') } };
}
