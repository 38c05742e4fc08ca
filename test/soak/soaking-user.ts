import type { Agent } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { send } from '../support/http-client.js';

const password = 'Xk9-fence-Orbit';

/** Milliseconds between two requests, so that the tests' own memory of the server's log stays small. */
const pause = 25;

/** Somebody who does all that can be done, again and again, and comes back under a new name when the account is deleted. */
export class SoakingUser {
  requests = 0;
  /** Answers that nobody should get. */
  readonly unexpected: string[] = [];
  private life = 0;

  constructor(
    private readonly port: number,
    private readonly agent: Agent,
    private readonly id: number,
  ) {}

  async workUntil(end: number): Promise<void> {
    while (Date.now() < end) await this.live();
  }

  /** From the registration to the deletion of the account. */
  private async live(): Promise<void> {
    const username = `soak.${this.id}.${++this.life}`;
    const credentials = { username, password };
    await this.ask(201, 'POST /tasks/register/', credentials);
    const { access, refresh } = await this.ask(200, 'POST /api/token/', credentials);
    await this.ask(200, 'POST /api/token/', credentials); // A session that nobody ends.

    for (let i = 1; i <= 10; i++) {
      await this.ask(201, 'POST /tasks/create/', { title: `t${i}`, description: 'x'.repeat(500) }, access);
      await this.ask(200, `PUT /tasks/${i}/update/`, { status: 'completed' }, access);
      await this.ask(200, `GET /tasks/${i}/`, undefined, access);
      await this.ask(200, 'GET /tasks/?limit=3', undefined, access);
    }
    for (let i = 1; i <= 5; i++) await this.ask(200, `DELETE /tasks/${i}/delete/`, undefined, access);

    const next = await this.ask(200, 'POST /api/token/refresh/', { refresh });
    await this.ask(200, 'POST /api/token/verify/', { token: next.access });
    await this.ask(401, 'GET /tasks/', undefined, 'garbage');
    await this.ask(400, 'POST /tasks/create/', { title: '' }, next.access);
    await this.ask(401, 'POST /api/token/', { username: `${username}.nobody`, password });
    await this.ask(401, 'POST /api/token/', { username, password: 'wrong' });
    await this.breakOff(next.access);

    if (this.life % 2 === 0) await this.ask(200, 'POST /api/logout/all/', undefined, next.access);
    const last = this.life % 2 === 0 ? await this.ask(200, 'POST /api/token/', credentials) : next;
    await this.ask(200, 'DELETE /api/account/', { password }, last.access);
  }

  private async ask(
    status: number,
    request: string,
    body?: object,
    access?: string,
  ): Promise<{ readonly access: string; readonly refresh: string }> {
    const [method = '', path = ''] = request.split(' ');
    const headers = {
      // Another client each time, behind the same proxy.
      'X-Forwarded-For': `10.${this.id}.${(this.requests >> 8) & 255}.${this.requests & 255}`,
      ...(access !== undefined && { Authorization: `Bearer ${access}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    };
    const text = body && JSON.stringify(body);
    const response = await send(
      this.port,
      { method, path, headers, ...(text && { body: text }) },
      this.agent,
    );
    this.requests++;
    if (response.status !== status) this.unexpected.push(`${request}: ${response.status} ${response.text}`);
    await setTimeout(pause);
    return response.json() as { access: string; refresh: string };
  }

  private async breakOff(access: string): Promise<void> {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'connect');
    const head = `POST /tasks/create/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${access}\r\nContent-Length: 9\r\n\r\n`;
    socket.write(`${head}{`);
    socket.destroy();
    this.requests++;
  }
}
