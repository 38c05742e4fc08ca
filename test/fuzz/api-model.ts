import { expect } from 'chai';
import {
  accessTokenError,
  invalidCredentials,
  noActiveAccount,
  noCredentials,
  noPermission,
  sessionNotFound,
  taskNotFound,
  tokenBlacklisted,
  tokenInvalid,
  tokenOfWrongType,
  userInactive,
  userNotFound,
  verifiedAsBlacklisted,
} from '../support/responses.js';
import { claimsOf } from '../support/json-web-token.js';
import { leftOut, type Input } from './inputs.js';

/** The expected response. A body that cannot be predicted is made from the one received. */
export interface Expected {
  readonly status: number;
  readonly body: object | ((received: Received) => object);
  readonly link?: string;
}

export type Received = Readonly<Record<'access' | 'refresh' | 'id' | 'last_used_at' | 'date_joined', string>>;

/** The body of a request: a value for each field, or something that cannot be read, and the response to that. */
export type Body = { readonly fields: Readonly<Record<string, Input>> } | { readonly unreadable: Rejected };

/** In seconds. */
export interface Lifetimes {
  readonly access: number;
  readonly refresh: number;
  readonly session: number;
  readonly grace: number;
}

type Task = { readonly id: number } & Readonly<Record<'title' | 'description' | 'status', string>>;

interface Account {
  readonly username: string;
  password: string;
  state: 'active' | 'inactive' | 'deleted';
  isStaff: boolean;
  readonly sessions: Session[];
  readonly tasks: Map<number, Task>;
  lastTaskId: number;
}

interface Session {
  readonly owner: Account;
  readonly openedAt: number;
  ended: boolean;
  /** The text of the only refresh token that is valid now. */
  current: string;
  /** The refresh tokens before, and when each of them was rotated out. */
  readonly rotatedOut: Map<string, number>;
}

interface Token {
  readonly kind: 'access' | 'refresh';
  readonly session: Session;
  readonly expiresAt: number;
}

/** The last word of the path; `delete` is a method of HTTP. */
export type Act = 'activate' | 'deactivate' | 'end-sessions' | 'delete';

const stateAfter = { activate: 'active', deactivate: 'inactive', delete: 'deleted' } as const;

const messages: Readonly<Record<Act, string>> = {
  activate: 'User activated successfully',
  deactivate: 'User deactivated successfully',
  'end-sessions': 'Sessions ended successfully',
  delete: 'User deleted successfully',
};

const passwordIncorrect = 'Your password was entered incorrectly. Please enter it again.';

/** Thrown for the first thing that is wrong with a request. */
export class Rejected implements Expected {
  constructor(
    readonly status: number,
    readonly body: object,
  ) {}
}

/**
 * A model of the API, as simple as can be: all state in plain maps. It predicts every response. Tokens are known by their
 * texts, which come with the responses.
 */
export class ApiModel {
  private readonly accounts = new Map<string, Account>();
  private readonly tokens = new Map<string, Token>();

  constructor(
    private readonly now: () => number,
    private readonly lifetimes: Lifetimes,
    private readonly rotates: boolean,
  ) {}

  /** Every token of a kind that there ever was, the oldest first. */
  tokensOf(kind: Token['kind']): string[] {
    return [...this.tokens].filter(([, token]) => token.kind === kind).map(([text]) => text);
  }

  register(body: Body, bearer: string | undefined): Expected {
    return this.answerTo(() => {
      if (bearer !== undefined) this.caller(bearer);
      const { username, password } = take(
        body,
        ['username', 'password'],
        ({ taken, rejected, rejectedAsNew }) => {
          const isKnown = taken !== undefined && this.accounts.has(taken);
          return rejectedAsNew ?? (isKnown ? ['A user with that username already exists.'] : rejected);
        },
      );
      const weaknesses = 'fields' in body && body.fields['password']?.weak;
      if (weaknesses) throw new Rejected(400, { password: weaknesses });
      const account: Account = {
        username,
        password,
        state: 'active',
        isStaff: false,
        sessions: [],
        tasks: new Map(),
        lastTaskId: 0,
      };
      this.accounts.set(username, account);
      return { status: 201, body: { message: 'User registered successfully' } };
    });
  }

  signIn(body: Body): Expected {
    return this.answerTo(() => {
      const { username, password } = take(body, ['username', 'password']);
      const owner = this.accounts.get(username);
      if (owner?.state !== 'active' || owner.password !== password)
        throw new Rejected(401, invalidCredentials);
      return {
        status: 200,
        body: ({ access, refresh }) => {
          const session: Session = {
            owner,
            openedAt: this.now(),
            ended: false,
            current: refresh,
            rotatedOut: new Map(),
          };
          owner.sessions.push(session);
          this.learn(refresh, this.refreshTokenOf(session));
          this.learn(access, this.accessTokenOf(session));
          return { refresh, access };
        },
      };
    });
  }

  refresh(body: Body): Expected {
    return this.answerTo(() => {
      const shown = this.takeRefreshToken(body);
      const { session } = shown;
      this.requireLive(session);
      const isCurrent = shown.text === session.current;
      const rotatedAt = session.rotatedOut.get(shown.text) ?? -Infinity;
      const isRepeated = this.now() - rotatedAt < this.lifetimes.grace;
      if (!isCurrent && !isRepeated) {
        session.ended = true;
        throw new Rejected(401, tokenBlacklisted);
      }
      return {
        status: 200,
        body: ({ access, refresh }) => {
          if (this.rotates && isCurrent) {
            session.rotatedOut.set(shown.text, this.now());
            session.current = refresh;
            this.learn(refresh, this.refreshTokenOf(session));
          }
          this.learn(access, this.accessTokenOf(session));
          return this.rotates ? { access, refresh: session.current } : { access };
        },
      };
    });
  }

  verify(body: Body): Expected {
    return this.answerTo(() => {
      const { text, kind, session } = this.takeToken(body, 'token');
      this.requireLive(session, new Rejected(400, verifiedAsBlacklisted));
      if (kind === 'refresh' && text !== session.current) throw new Rejected(400, verifiedAsBlacklisted);
      return { status: 200, body: {} };
    });
  }

  logout(body: Body): Expected {
    return this.answerTo(() => {
      const { session } = this.takeRefreshToken(body);
      if (!this.isLive(session)) throw new Rejected(401, tokenBlacklisted);
      session.ended = true;
      return { status: 200, body: { message: 'Successfully logged out' } };
    });
  }

  blacklist(body: Body): Expected {
    const expected = this.logout(body);
    return expected.status === 200 ? { status: 200, body: {} } : expected;
  }

  logoutAll(bearer: string | undefined): Expected {
    return this.answerTo(() => {
      for (const session of this.caller(bearer).sessions) session.ended = true;
      return { status: 200, body: { message: 'Successfully logged out of all sessions' } };
    });
  }

  /** The id and the date of the account are not known here. */
  account(bearer: string | undefined): Expected {
    return this.answerTo(() => {
      const { username, isStaff } = this.caller(bearer);
      const staff = isStaff ? { is_staff: true } : {};
      return {
        status: 200,
        body: ({ id, date_joined }: Received) => ({ id, username, date_joined, ...staff }),
      };
    });
  }

  /** When they were last used is not known here. */
  listSessions(bearer: string | undefined): Expected {
    return this.answerTo(() => {
      const { sessions } = this.caller(bearer);
      const own = this.tokens.get(bearer ?? '')?.session;
      const described = (given: readonly Received[]) =>
        sessions
          .filter((session) => this.isLive(session))
          .map((session) => {
            const id = claimsOf(session.current)['sid'];
            return { session, id, at: given.findIndex((each) => each.id === id) };
          })
          .toSorted((a, b) => a.session.openedAt - b.session.openedAt)
          .map(({ session, id, at }) => ({
            id,
            current: session === own,
            signed_in_at: new Date(session.openedAt * 1000).toISOString().replace('.000', ''),
            last_used_at: given[at]?.last_used_at,
            address: '127.0.0.1',
          }));
      return { status: 200, body: (received) => described(received as unknown as Received[]) };
    });
  }

  /** `of` is any token of the session that is to end. */
  endSession(bearer: string | undefined, of: string): Expected {
    return this.answerTo(() => {
      const { sessions } = this.caller(bearer);
      const session = this.tokens.get(of)?.session;
      if (!session || !sessions.includes(session) || !this.isLive(session))
        throw new Rejected(404, sessionNotFound);
      session.ended = true;
      return { status: 200, body: { message: 'Session ended successfully' } };
    });
  }

  changePassword(bearer: string | undefined, body: Body): Expected {
    return this.answerTo(() => {
      const owner = this.caller(bearer);
      const passwords = take(body, ['old_password', 'new_password'], (input, name) =>
        name === 'new_password' ? (input.rejectedAsNew ?? input.rejected) : input.rejected,
      );
      if (passwords.old_password !== owner.password)
        throw new Rejected(400, { old_password: [passwordIncorrect] });
      const weaknesses = 'fields' in body && body.fields['new_password']?.weak;
      if (weaknesses) throw new Rejected(400, { new_password: weaknesses });
      owner.password = passwords.new_password;
      const own = this.tokens.get(bearer ?? '')?.session;
      for (const session of owner.sessions) session.ended ||= session !== own;
      return { status: 200, body: { message: 'Password changed successfully' } };
    });
  }

  deleteAccount(bearer: string | undefined, body: Body): Expected {
    return this.answerTo(() => {
      const owner = this.caller(bearer);
      this.confirm(owner, body);
      this.changeAccount(owner.username, 'deleted');
      return { status: 200, body: { message: 'Account deleted successfully' } };
    });
  }

  createTask(bearer: string | undefined, body: Body): Expected {
    return this.answerTo(() => {
      const owner = this.caller(bearer);
      const fields = take(body, ['title', 'description', 'status']);
      const task = { id: ++owner.lastTaskId, ...fields };
      owner.tasks.set(task.id, task);
      return { status: 201, body: task };
    });
  }

  listTasks(bearer: string | undefined): Expected {
    return this.answerTo(() => ({ status: 200, body: [...this.caller(bearer).tasks.values()] }));
  }

  pageOfTasks(
    bearer: string | undefined,
    { limit, after, offset }: { limit: number; after: number; offset: number | undefined },
  ): Expected {
    return this.answerTo(() => {
      const following = [...this.caller(bearer).tasks.values()].filter(({ id }) => id > after);
      const rest = following.slice(offset ?? 0);
      const page = rest.slice(0, limit);
      const start = after === 0 ? '' : `after=${after}&`;
      const next = offset === undefined ? `after=${page.at(-1)?.id}` : `${start}offset=${offset + limit}`;
      const link = `<?limit=${limit}&${next}>; rel="next"`;
      return { status: 200, body: page, ...(page.length < rest.length && { link }) };
    });
  }

  getTask(bearer: string | undefined, id: number): Expected {
    return this.answerTo(() => ({ status: 200, body: ownTask(this.caller(bearer), id) }));
  }

  updateTask(bearer: string | undefined, id: number, body: Body): Expected {
    return this.answerTo(() => {
      const owner = this.caller(bearer);
      const task = ownTask(owner, id);
      const names = (['title', 'description', 'status'] as const).filter(
        (name) => !('fields' in body) || body.fields[name]?.value !== undefined,
      );
      const changed = { ...task, ...take(body, names) };
      owner.tasks.set(id, changed);
      return { status: 200, body: changed };
    });
  }

  deleteTask(bearer: string | undefined, id: number): Expected {
    return this.answerTo(() => {
      const owner = this.caller(bearer);
      ownTask(owner, id);
      owner.tasks.delete(id);
      return { status: 200, body: { message: 'Task deleted successfully' } };
    });
  }

  /** What staff are shown of a user. */
  getUser(bearer: string | undefined, username: string): Expected {
    return this.answerTo(() => {
      this.member(bearer);
      const { state, isStaff, sessions, tasks } = this.existing(username);
      const texts = [...tasks.values()].map(({ title, description }) => title + description);
      return {
        status: 200,
        body: ({ id, date_joined }: Received) => ({
          id,
          username,
          date_joined,
          is_active: state === 'active',
          is_staff: isStaff,
          sessions: sessions.filter((session) => this.isLive(session)).length,
          tasks: texts.length,
          task_bytes: Buffer.byteLength(texts.join('')),
        }),
      };
    });
  }

  /** What staff do to a user. */
  administer(bearer: string | undefined, act: Act, username: string, body: Body): Expected {
    return this.answerTo(() => {
      const { owner, openedAt } = this.member(bearer);
      if (act !== 'activate') {
        if ('unreadable' in body) throw body.unreadable;
        if (this.now() - Math.floor(openedAt) >= 600) this.confirm(owner, body);
      }
      const account = this.existing(username);
      if (act === 'end-sessions') for (const session of account.sessions) session.ended = true;
      else this.changeAccount(username, stateAfter[act]);
      return { status: 200, body: { message: messages[act] } };
    });
  }

  /** What the operator makes of an active user. */
  setStaff(username: string, isStaff: boolean): void {
    const account = this.accounts.get(username);
    if (account?.state === 'active') account.isStaff = isStaff;
  }

  /** A request that is rejected, but first for who the caller is. */
  rejectedForCallers(bearer: string | undefined, rejection: Expected): Expected {
    return this.answerTo(() => {
      this.caller(bearer);
      return rejection;
    });
  }

  /** What the operator did to an account, if there is one. */
  changeAccount(username: string, state: Account['state']): void {
    const account = this.accounts.get(username);
    if (!account) return;
    account.state = state;
    if (state !== 'active') account.isStaff = false;
    if (state !== 'active') for (const session of account.sessions) session.ended = true;
    if (state === 'deleted') this.accounts.delete(username);
  }

  private caller(bearer: string | undefined): Account {
    if (bearer === undefined) throw new Rejected(401, noCredentials);
    const token = this.unexpired(bearer);
    if (!token) throw new Rejected(401, accessTokenError('Token is invalid or expired'));
    if (token.kind !== 'access') throw new Rejected(401, accessTokenError('Token has wrong type'));
    const { owner } = token.session;
    if (this.isLive(token.session)) return owner;
    if (owner.state === 'deleted') throw new Rejected(401, userNotFound);
    throw new Rejected(
      401,
      owner.state === 'inactive' ? userInactive : accessTokenError('Token is blacklisted'),
    );
  }

  /** The session of a member of staff. */
  private member(bearer: string | undefined): Session {
    if (!this.caller(bearer).isStaff) throw new Rejected(403, noPermission);
    const session = this.tokens.get(bearer ?? '')?.session;
    if (!session) throw new Error('a caller without a session');
    return session;
  }

  private existing(username: string): Account {
    const account = this.accounts.get(username);
    if (!account) throw new Rejected(404, { error: 'User not found' });
    return account;
  }

  private confirm(owner: Account, body: Body): void {
    const { password } = take(body, ['password']);
    if (password !== owner.password) throw new Rejected(400, { password: [passwordIncorrect] });
  }

  private takeToken(body: Body, field: 'token' | 'refresh'): Token & { readonly text: string } {
    const text = take(body, [field])[field];
    const token = this.unexpired(text);
    if (!token) throw new Rejected(401, tokenInvalid);
    return { ...token, text };
  }

  private takeRefreshToken(body: Body): Token & { readonly text: string } {
    const token = this.takeToken(body, 'refresh');
    if (token.kind !== 'refresh') throw new Rejected(401, tokenOfWrongType);
    return token;
  }

  private requireLive(session: Session, otherwise = new Rejected(401, tokenBlacklisted)): void {
    if (this.isLive(session)) return;
    throw session.owner.state === 'active' ? otherwise : new Rejected(401, noActiveAccount);
  }

  private isLive(session: Session): boolean {
    return !session.ended && this.unexpired(session.current) !== undefined;
  }

  private unexpired(text: string): Token | undefined {
    const token = this.tokens.get(text);
    return token && this.now() < token.expiresAt ? token : undefined;
  }

  private refreshTokenOf(session: Session): Token {
    const { refresh, session: whole } = this.lifetimes;
    const latest = this.now() + refresh;
    const expiresAt = this.rotates ? Math.min(latest, session.openedAt + whole) : latest;
    return { kind: 'refresh', session, expiresAt };
  }

  private accessTokenOf(session: Session): Token {
    const endOfSession = this.tokens.get(session.current)?.expiresAt ?? 0;
    return { kind: 'access', session, expiresAt: Math.min(this.now() + this.lifetimes.access, endOfSession) };
  }

  private learn(text: string, token: Token): void {
    expect(this.tokens.has(text), 'a token that was given before').to.equal(false);
    expect(claimsOf(text)).to.include({
      token_type: token.kind,
      iat: Math.floor(this.now()),
      exp: token.expiresAt,
    });
    this.tokens.set(text, token);
  }

  private answerTo(request: () => Expected): Expected {
    try {
      return request();
    } catch (rejected) {
      if (rejected instanceof Rejected) return rejected;
      throw rejected;
    }
  }
}

function ownTask(owner: Account, id: number): Task {
  const task = owner.tasks.get(id);
  if (!task) throw new Rejected(404, taskNotFound);
  return task;
}

/** The texts of all fields, or everything that is said against them. */
function take<Name extends string>(
  body: Body,
  names: readonly Name[],
  objections: (input: Input, name: Name) => readonly string[] | undefined = ({ rejected }) => rejected,
): Record<Name, string> {
  if ('unreadable' in body) throw body.unreadable;
  const inputs = names.map((name) => [name, body.fields[name] ?? leftOut] as const);
  const rejected = inputs.flatMap(([name, input]) => {
    const reasons = objections(input, name);
    return reasons ? [[name, reasons] as const] : [];
  });
  if (rejected.length > 0) throw new Rejected(400, Object.fromEntries(rejected));
  return Object.fromEntries(inputs.map(([name, { taken }]) => [name, taken])) as Record<Name, string>;
}
