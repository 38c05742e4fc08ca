import { BcryptPasswordHasher } from '../../src/adapters/crypto/bcrypt-password-hasher.js';
import { JwtTokenSigner } from '../../src/adapters/crypto/jwt-token-signer.js';
import { createStorage } from '../../src/adapters/in-memory/create-storage.js';
import { AdministerUsers } from '../../src/application/administer-users.js';
import { AddDemoUser } from '../../src/application/add-demo-user.js';
import { Authenticate } from '../../src/application/authenticate.js';
import { BrowseUsers } from '../../src/application/browse-users.js';
import { ChangePassword } from '../../src/application/change-password.js';
import type { Client } from '../../src/application/ports/client.js';
import { DeleteAccount } from '../../src/application/delete-account.js';
import { ExportAccount } from '../../src/application/export-account.js';
import { IssueTokens } from '../../src/application/issue-tokens.js';
import { Logout } from '../../src/application/logout.js';
import { ManageSessions } from '../../src/application/manage-sessions.js';
import { ManageTasks } from '../../src/application/manage-tasks.js';
import { MakePasswordLink } from '../../src/application/make-password-link.js';
import { ManageThrottles } from '../../src/application/manage-throttles.js';
import { ManageUsers } from '../../src/application/manage-users.js';
import type { AppEvent } from '../../src/application/ports/events.js';
import type { SessionRef } from '../../src/application/ports/session-repository.js';
import type { Storage } from '../../src/application/ports/storage.js';
import { ReadAccount } from '../../src/application/read-account.js';
import { ReadAuditLog } from '../../src/application/read-audit-log.js';
import type { Operator } from '../../src/application/record-act.js';
import { RefreshToken } from '../../src/application/refresh-token.js';
import { RegisterUser, type Registration } from '../../src/application/register-user.js';
import { UsePasswordLink } from '../../src/application/use-password-link.js';
import { VerifyToken } from '../../src/application/verify-token.js';
import { readConfig } from '../../src/config/config.js';
import { createContainer, Hasher } from '../../src/container.js';
import type { AttemptLimits } from '../../src/domain/rate-limit.js';
import type { SessionPolicy, TokenClaims } from '../../src/domain/session.js';
import type { TaskLimits } from '../../src/domain/task.js';
import type { User } from '../../src/domain/user.js';
import { unlimited } from '../../src/storage-contract/builders.js';
import { anOperator, aPolicy } from './builders.js';
import { bcryptThreads } from './comparison-costs.js';
import { RecordedLog } from './recorded-log.js';
import { testEnvironment, withoutLimits } from './running-server.js';

export interface Settings extends Partial<SessionPolicy> {
  /** Open if not given. */
  readonly registration?: Registration;
  /** Off where they are not given. */
  readonly limits?: Partial<AttemptLimits>;
  /** The least that bcrypt does, if not given: tests are no place to burn processor time. */
  readonly bcryptCost?: number;
  /** Seconds of hashing that may wait; as many as the server lets wait, if not given. */
  readonly queueTime?: number;
  /** Whether the account of the demo user is protected; false if not given. */
  readonly demo?: boolean;
  /** None where they are not given. */
  readonly taskLimits?: Partial<TaskLimits>;
  /** One whose acts must all be recorded, if not given. */
  readonly operator?: Operator;
}

/** Where every request comes from. */
export const address = '192.0.2.1';

/** Somebody at an address who stays connected. */
export function clientAt(from: string): Client {
  return { address: from, onDisconnect: () => () => {} };
}

export const client = clientAt(address);

/** Strong, whatever the name of its user. */
export const password = 'Tr0ubadour & kite';

const defaults = readConfig({ ...testEnvironment, ...withoutLimits });

/** Every use case, on a storage in memory, with a clock that only `passTime` moves. */
export class Application {
  readonly registerUser: RegisterUser;
  readonly issueTokens: IssueTokens;
  readonly refreshToken: RefreshToken;
  readonly verifyToken: VerifyToken;
  readonly logout: Logout;
  readonly authenticate: Authenticate;
  readonly changePassword: ChangePassword;
  readonly sessions: ManageSessions;
  readonly readAccount: ReadAccount;
  readonly exportAccount: ExportAccount;
  readonly deleteAccount: DeleteAccount;
  readonly tasks: ManageTasks;
  readonly users: ManageUsers;
  readonly makePasswordLink: MakePasswordLink;
  readonly usePasswordLink: UsePasswordLink;
  readonly throttles: ManageThrottles;
  readonly administration: AdministerUsers;
  readonly browseUsers: BrowseUsers;
  readonly auditLog: ReadAuditLog;
  readonly addDemoUser: AddDemoUser;
  /** Every event that was reported, in order. */
  readonly events: AppEvent[] = [];
  private readonly signer: JwtTokenSigner;

  private constructor(
    readonly storage: Storage,
    private readonly time: { now: number },
    {
      registration = 'open',
      bcryptCost = defaults.bcryptCost,
      queueTime,
      demo = false,
      limits,
      taskLimits,
      operator = anOperator,
      ...policy
    }: Settings,
  ) {
    const config = {
      ...defaults,
      registration,
      bcryptCost,
      demo,
      limits: { ...defaults.limits, ...limits },
      taskLimits: { ...unlimited, ...taskLimits },
      sessions: aPolicy(policy),
    };
    const container = createContainer(config, storage, () => time.now, new RecordedLog(), {
      observers: [(event) => void this.events.push(event)],
      operator,
    });
    container.rebind(Hasher).toConstantValue(new BcryptPasswordHasher(bcryptCost, bcryptThreads, queueTime));
    this.registerUser = container.get(RegisterUser);
    this.issueTokens = container.get(IssueTokens);
    this.refreshToken = container.get(RefreshToken);
    this.verifyToken = container.get(VerifyToken);
    this.logout = container.get(Logout);
    this.authenticate = container.get(Authenticate);
    this.changePassword = container.get(ChangePassword);
    this.sessions = container.get(ManageSessions);
    this.readAccount = container.get(ReadAccount);
    this.exportAccount = container.get(ExportAccount);
    this.deleteAccount = container.get(DeleteAccount);
    this.tasks = container.get(ManageTasks);
    this.users = container.get(ManageUsers);
    this.makePasswordLink = container.get(MakePasswordLink);
    this.usePasswordLink = container.get(UsePasswordLink);
    this.throttles = container.get(ManageThrottles);
    this.administration = container.get(AdministerUsers);
    this.browseUsers = container.get(BrowseUsers);
    this.auditLog = container.get(ReadAuditLog);
    this.addDemoUser = container.get(AddDemoUser);
    this.signer = container.get(JwtTokenSigner);
  }

  static async start(settings: Settings = {}): Promise<Application> {
    const time = { now: 1_700_000_000.75 };
    const storage = await createStorage({ clock: () => time.now, log: new RecordedLog() });
    return new Application(storage, time, settings);
  }

  /** The same storage, key and time, under other settings. */
  restart(settings: Settings): Application {
    return new Application(this.storage, this.time, settings);
  }

  /** Seconds since the epoch. */
  get now(): number {
    return this.time.now;
  }

  passTime(seconds: number): void {
    this.time.now += seconds;
  }

  async register(username: string): Promise<User> {
    return this.registerUser.execute({ username, password }, client);
  }

  async signIn(username: string): Promise<{ refresh: string; access: string }> {
    return this.issueTokens.execute({ username, password }, client);
  }

  /** The tokens of a user who has just registered. */
  async signedUpUser(username: string): Promise<{ refresh: string; access: string }> {
    await this.register(username);
    return this.signIn(username);
  }

  /** The session of an access token. */
  async sessionOf(access: string): Promise<SessionRef> {
    return this.authenticate.execute(access);
  }

  /** What a token says, if it is one of ours and in its time. */
  claims(token: string): TokenClaims {
    const claims = this.signer.verify(token);
    if (!claims) throw new Error('not a token of ours, or not in its time');
    return claims;
  }
}
