import { EventEmitter, on } from 'node:events';
import { Agent } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Task } from '../../src/domain/task.js';
import type { ApiClient, SignedIn } from './api-client.js';
import { send, type WireResponse } from './http-client.js';

/** What became of one request. Times are in milliseconds since the epoch. */
export interface Exchange {
  readonly user: SignedIn;
  readonly request: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The response's status, or the error code if there was no response. */
  readonly outcome: number | string;
  /** Whether the request succeeded. */
  readonly succeeded: boolean;
}

/** Milliseconds that a user waits between a response and the next request. */
const pause = 40;

/**
 * Users who create, read, change and list tasks, one request at a time each, over connections that are kept alive. Every
 * response is noted, and every write that was acknowledged.
 */
export class Load {
  readonly exchanges: Exchange[] = [];
  private readonly acknowledged = new Map<SignedIn, Map<string, { id: number; isCompleted: boolean }>>();
  private readonly agent = new Agent({ keepAlive: true });
  private readonly events = new EventEmitter().setMaxListeners(0);
  private readonly loops: Promise<unknown>;
  private stopping = false;

  constructor(
    private readonly server: ApiClient,
    readonly users: readonly SignedIn[],
  ) {
    this.loops = Promise.all(users.map((user) => this.run(user)));
  }

  /** The requests that did not succeed. */
  get failures(): Exchange[] {
    return this.exchanges.filter(({ succeeded }) => !succeeded);
  }

  /** How many writes were acknowledged. */
  get acknowledgedWrites(): number {
    let count = 0;
    for (const writes of this.acknowledged.values()) {
      for (const { isCompleted } of writes.values()) count += isCompleted ? 2 : 1;
    }
    return count;
  }

  /** How often requests came to an outcome, for a report. */
  outcomes(exchanges: readonly Exchange[] = this.exchanges): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { request, outcome } of exchanges) {
      counts[`${request} ${outcome}`] = (counts[`${request} ${outcome}`] ?? 0) + 1;
    }
    return counts;
  }

  /** Resolves after the first exchange after which the condition holds; rejected if that takes too long. */
  async until(what: string, condition: () => boolean, timeout = 15_000): Promise<void> {
    const signal = AbortSignal.timeout(timeout);
    try {
      if (condition()) return;
      for await (const _ of on(this.events, 'exchange', { signal })) if (condition()) return;
    } catch (error) {
      const seen = JSON.stringify(this.outcomes(this.exchanges.slice(-50)));
      throw new Error(`timeout while waiting until ${what}; last outcomes: ${seen}`, { cause: error });
    }
  }

  /** Resolves once each of the users has had so many more requests, all of them begun after now, of this kind. */
  async next(
    of: readonly SignedIn[],
    count = 1,
    isOfThisKind: (exchange: Exchange) => boolean = ({ succeeded }) => succeeded,
  ): Promise<void> {
    const from = this.exchanges.length;
    const since = Date.now();
    await this.until(`everybody has had ${count} more`, () => {
      const more = this.exchanges.slice(from).filter((each) => each.startedAt >= since && isOfThisKind(each));
      return of.every((user) => more.filter((each) => each.user === user).length >= count);
    });
  }

  /** Sends no more requests; resolves once those under way have come to an end. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.loops;
    this.agent.destroy();
  }

  /** Counts the acknowledged writes of which the server, or one that shares its storage, knows nothing. */
  async lostWrites(
    witness: ApiClient = this.server,
  ): Promise<{ readonly creates: number; readonly updates: number }> {
    const lost = { creates: 0, updates: 0 };
    for (const [user, writes] of this.acknowledged) {
      const tasks = new Map((await tasksOf(user, witness)).map((task) => [task.title, task]));
      for (const [title, { id, isCompleted }] of writes) {
        const task = tasks.get(title);
        if (task?.id !== id) lost.creates++;
        else if (isCompleted && task.status !== 'completed') lost.updates++;
      }
    }
    return lost;
  }

  /** Counts the tasks that the server has beyond those whose creation it acknowledged. */
  async surplusTasks(): Promise<number> {
    let surplus = 0;
    for (const [user, writes] of this.acknowledged)
      surplus += (await tasksOf(user, this.server)).length - writes.size;
    return surplus;
  }

  private async run(user: SignedIn): Promise<void> {
    const writes = new Map<string, { id: number; isCompleted: boolean }>();
    this.acknowledged.set(user, writes);
    for (let count = 1; !this.stopping; count++) {
      const title = `${user.username} ${count}`;
      const created = await this.exchange(user, 'POST', '/tasks/create/', {
        title,
        description: 'under load',
      });
      if (!created) continue;
      const { id } = created.json() as Task;
      const write = { id, isCompleted: false };
      writes.set(title, write);
      await this.exchange(user, 'GET', `/tasks/${id}/`);
      const update = await this.exchange(user, 'PUT', `/tasks/${id}/update/`, { status: 'completed' });
      write.isCompleted = update !== undefined;
      await this.exchange(user, 'GET', '/tasks/?limit=5');
    }
  }

  /** The response, if the request succeeded. */
  private async exchange(
    user: SignedIn,
    method: string,
    path: string,
    body?: object,
  ): Promise<WireResponse | undefined> {
    if (this.stopping) return undefined;
    const startedAt = Date.now();
    const headers = {
      Authorization: `Bearer ${user.access}`,
      ...(body && { 'Content-Type': 'application/json' }),
    };
    const request = { method, path, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await send(this.server.port, request, this.agent).catch(
      (error: NodeJS.ErrnoException) => error,
    );
    const outcome = response instanceof Error ? (response.code ?? response.message) : response.status;
    const succeeded = outcome === (method === 'POST' ? 201 : 200);
    const kind = `${method} ${path.replace(/\d+/, 'ID')}`;
    this.exchanges.push({ user, request: kind, startedAt, endedAt: Date.now(), outcome, succeeded });
    this.events.emit('exchange');
    await setTimeout(pause);
    return succeeded && !(response instanceof Error) ? response : undefined;
  }
}

async function tasksOf(user: SignedIn, server: ApiClient): Promise<Task[]> {
  const response = await server.call('GET', '/tasks/', undefined, user.access);
  if (response.status !== 200) throw new Error(`no list of tasks: ${response.status} ${response.text}`);
  return response.json() as Task[];
}
