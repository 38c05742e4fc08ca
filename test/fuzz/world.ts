import { expect } from 'chai';
import { expectResponse } from '../support/responses.js';
import type { RunningServer } from '../support/running-server.js';
import type { SettableClock } from '../../src/storage-contract/settable-clock.js';
import type { ApiModel, Expected, Received } from './api-model.js';
import { usualPassword, type Input } from './inputs.js';
import { write, type RequestBody } from './request-bodies.js';

/** A token of a world, counted from the newest, as it is or with its last letter changed; or any other text. */
export type TokenChoice =
  { readonly kind: 'access' | 'refresh'; readonly age: number; readonly changed?: boolean } | string;

/** A server with users who are nobody else's, and the model of how both behave together. */
export class World {
  constructor(
    readonly server: RunningServer,
    readonly clock: SettableClock,
    readonly model: ApiModel,
    private readonly suffix: string,
  ) {}

  /** Lets a user register and sign in. */
  async welcome(user: string): Promise<void> {
    const body = write({ username: this.nameInput(user), password: usualPassword }, 'json');
    await this.ask('POST /tasks/register/', { body }, this.model.register(body.means, undefined));
    await this.ask('POST /api/token/', { body }, this.model.signIn(body.means));
  }

  /** Sends a request, and expects the response to the byte. */
  async ask(
    request: string,
    { access, body }: { readonly access?: string | undefined; readonly body?: RequestBody },
    { status, body: expected, link }: Expected,
  ): Promise<void> {
    const [method = '', path = ''] = request.split(' ');
    const headers = {
      ...(access !== undefined && { Authorization: `Bearer ${access}` }),
      ...(body && { 'Content-Type': body.type }),
    };
    const response = await this.server.send({ method, path, headers, ...(body && { body: body.text }) });
    if (typeof expected === 'function') {
      expect(response).to.include({ status });
      expectResponse(response, status, expected(response.json() as Received));
    } else {
      expectResponse(response, status, expected);
    }
    expect(response.headers['link']).to.equal(link);
  }

  /** The name that a user has here. */
  nameOf(user: string): string {
    return `${user}.${this.suffix}`;
  }

  /** The id that a user has here, or one that nobody has. */
  async idOf(user: string): Promise<number> {
    const found = await this.server.storage.users.findByName(this.nameOf(user));
    return found?.id ?? 999_999_999;
  }

  nameInput(choice: string | Input): Input {
    return typeof choice === 'string' ? asItIs(this.nameOf(choice)) : choice;
  }

  /** The token that a caller shows, if any. */
  access(choice: TokenChoice | undefined): string | undefined {
    return choice === undefined ? undefined : this.textOf(choice);
  }

  tokenInput(choice: TokenChoice | Input): Input {
    return typeof choice === 'object' && 'value' in choice ? choice : asItIs(this.textOf(choice));
  }

  private textOf(choice: TokenChoice): string {
    if (typeof choice === 'string') return choice;
    const tokens = this.model.tokensOf(choice.kind);
    const token = tokens.at(-1 - (choice.age % tokens.length)) ?? 'none.was.given';
    return choice.changed ? `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}` : token;
  }
}

function asItIs(value: string): Input {
  return { value, taken: value };
}
