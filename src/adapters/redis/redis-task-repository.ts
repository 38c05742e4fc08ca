import type { TaskRepository } from '../../application/ports.js';
import type { Page } from '../../domain/page.js';
import type { Task, TaskChanges, TaskDraft } from '../../domain/task.js';
import type { Keys } from './keys.js';
import type { RedisConnection } from './redis-connection.js';
import * as scripts from './scripts.js';

export class RedisTaskRepository implements TaskRepository {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: Keys,
    private readonly newOperationId: () => string,
  ) {}

  async create(ownerId: number, { title, description, status }: TaskDraft): Promise<Task> {
    const { tasks, taskIds } = this.keys.ofUser(ownerId);
    const operation = this.keys.operation(ownerId, this.newOperationId());
    const afterId = `,${JSON.stringify({ title, description, status }).slice(1)}`;
    const id = await scripts.createTask(this.redis, tasks, taskIds, operation, afterId);
    return { id, title, description, status };
  }

  async find(ownerId: number, id: number): Promise<Task | undefined> {
    const [text] = await this.redis.send((client) =>
      client.zrangebyscore(this.keys.ofUser(ownerId).tasks, id, id),
    );
    return text === undefined ? undefined : parse(text);
  }

  async list(ownerId: number, { after, limit }: Page): Promise<readonly Task[]> {
    const { tasks } = this.keys.ofUser(ownerId);
    const texts = await this.redis.send((client) =>
      client.zrangebyscore(tasks, `(${after}`, '+inf', 'LIMIT', 0, limit),
    );
    return texts.map(parse);
  }

  async update(ownerId: number, id: number, changes: TaskChanges): Promise<Task | undefined> {
    const { tasks } = this.keys.ofUser(ownerId);
    const [title, description, status] = [changes.title, changes.description, changes.status].map((value) =>
      value === undefined ? '' : JSON.stringify(value),
    ) as [string, string, string];
    const text = await scripts.updateTask(this.redis, tasks, id, title, description, status);
    return text === null ? undefined : parse(text);
  }

  async remove(ownerId: number, id: number): Promise<boolean> {
    const operation = this.keys.operation(ownerId, this.newOperationId());
    return (await scripts.removeTask(this.redis, this.keys.ofUser(ownerId).tasks, operation, id)) === 1;
  }
}

function parse(text: string): Task {
  return JSON.parse(text) as Task;
}
