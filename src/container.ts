import { Container, type ServiceIdentifier } from 'inversify';
import { BcryptPasswordHasher } from './adapters/crypto/bcrypt-password-hasher.js';
import { HashingThreads } from './adapters/crypto/hashing-threads.js';
import { keyedDigest } from './adapters/crypto/keyed-digest.js';
import { JwtTokenSigner } from './adapters/crypto/jwt-token-signer.js';
import { randomId } from './adapters/crypto/random-id.js';
import { newSigningKey } from './adapters/crypto/signing-key.js';
import { sha256 } from './adapters/crypto/sha256.js';
import { AccountController } from './adapters/http/controllers/account-controller.js';
import { ExportController } from './adapters/http/controllers/export-controller.js';
import { createApp, type App, type Extensions } from './adapters/http/app.js';
import { AdminController } from './adapters/http/controllers/admin-controller.js';
import { AuthController } from './adapters/http/controllers/auth-controller.js';
import { Authentication } from './adapters/http/middleware/authenticate.js';
import type { ObserveRequest } from './adapters/http/middleware/access-log.js';
import { corsHeaders, type CorsHeaders } from './adapters/http/middleware/cors.js';
import { HttpServer } from './adapters/http/http-server.js';
import {
  clientAddressReader,
  warnOfForwarding,
  type ReadClientAddress,
} from './adapters/http/request/client-address.js';
import { clientReader, type ReadClient } from './adapters/http/request/client.js';
import { HealthController, type Degradation } from './adapters/http/controllers/health-controller.js';
import { PublicKeysController } from './adapters/http/controllers/public-keys-controller.js';
import { fieldsReader, type ReadFields } from './adapters/http/request/body.js';
import { createRoutes, type Route } from './adapters/http/routes.js';
import { readWebFiles } from './adapters/http/web/web-files.js';
import { TaskController } from './adapters/http/controllers/task-controller.js';
import { InMemoryRateLimiter } from './adapters/in-memory/in-memory-rate-limiter.js';
import { AdoptLegacyToken } from './application/adopt-legacy-token.js';
import { AdministerUsers } from './application/administer-users.js';
import { AddDemoUser, demoUser } from './application/add-demo-user.js';
import { Authenticate } from './application/authenticate.js';
import { BrowseUsers } from './application/browse-users.js';
import { ChangePassword } from './application/change-password.js';
import { CheckPassword } from './application/check-password.js';
import { ConfirmPassword, type ProtectedNames } from './application/confirm-password.js';
import { CreateUser } from './application/create-user.js';
import { DeleteAccount } from './application/delete-account.js';
import { ExportData } from './application/export-data.js';
import { ImportData } from './application/import-data.js';
import { ImportFromDjango } from './application/import-from-django.js';
import { ExportAccount } from './application/export-account.js';
import { IssueTokens } from './application/issue-tokens.js';
import { AttemptLimiter } from './application/attempt-limiter.js';
import { MakePasswordLink } from './application/make-password-link.js';
import { UsePasswordLink } from './application/use-password-link.js';
import { LongReadLimiter } from './application/long-read-limiter.js';
import { Logout } from './application/logout.js';
import { ManageSessions } from './application/manage-sessions.js';
import { ManageTasks } from './application/manage-tasks.js';
import { ManageThrottles } from './application/manage-throttles.js';
import { ManageUsers } from './application/manage-users.js';
import type { Archive } from './application/ports/archive.js';
import type { Clock, Digest, Log, NewId } from './application/ports/environment.js';
import type { ReportEvent } from './application/ports/events.js';
import type { PasswordHasher } from './application/ports/password-hasher.js';
import type { RateLimiter } from './application/ports/rate-limiter.js';
import type { SessionRepository } from './application/ports/session-repository.js';
import type { StaffRepository } from './application/ports/staff-repository.js';
import type { Storage } from './application/ports/storage.js';
import type { TaskRepository } from './application/ports/task-repository.js';
import type { TokenSigner } from './application/ports/token-signer.js';
import type { UserRepository } from './application/ports/user-repository.js';
import { ReadAccount } from './application/read-account.js';
import { ReadAuditLog } from './application/read-audit-log.js';
import { RecordAct, type Operator } from './application/record-act.js';
import { RefreshToken } from './application/refresh-token.js';
import { RegisterUser, type Registration } from './application/register-user.js';
import { SessionTokens } from './application/session-tokens.js';
import { VerifyToken } from './application/verify-token.js';
import type { Config } from './config/config.js';
import { eventLog } from './runtime/event-log.js';
import { version } from './runtime/version.js';
import type { SessionPolicy } from './domain/session.js';
import type { TaskLimits } from './domain/task.js';

/** A service identifier for a type that has no value at run time: interfaces and function types vanish when compiled. */
const serviceId = <T>(name: string) => Symbol(name) as ServiceIdentifier<T>;

const Users = serviceId<UserRepository>('UserRepository');
const Sessions = serviceId<SessionRepository>('SessionRepository');
const Tasks = serviceId<TaskRepository>('TaskRepository');
const Limiter = serviceId<RateLimiter>('RateLimiter');
const DataArchive = serviceId<Archive>('Archive');
const Staff = serviceId<StaffRepository>('StaffRepository');
const WholeStorage = serviceId<Storage>('Storage');
export const Hasher = serviceId<PasswordHasher>('PasswordHasher');
const Signer = serviceId<TokenSigner>('TokenSigner');
const CurrentTime = serviceId<Clock>('Clock');
const TextDigest = serviceId<Digest>('Digest');
const RandomId = serviceId<NewId>('NewId');
const Policy = serviceId<SessionPolicy>('SessionPolicy');
const Logger = serviceId<Log>('Log');
export const Report = serviceId<ReportEvent>('ReportEvent');
const BodyReader = serviceId<ReadFields>('ReadFields');
const Degradations = serviceId<readonly Degradation[]>('Degradations');
const AddressReader = serviceId<ReadClientAddress>('ReadClientAddress');
const ClientReader = serviceId<ReadClient>('ReadClient');

const Cors = serviceId<CorsHeaders | undefined>('CorsHeaders');

const RegistrationChoice = serviceId<Registration>('Registration');
const Protected = serviceId<ProtectedNames>('ProtectedNames');
const CurrentOperator = serviceId<Operator>('Operator');
const LimitsPerUser = serviceId<TaskLimits>('TaskLimits');

/** Every route of the API. */
export const HttpRoutes = serviceId<readonly Route[]>('Routes');

/** The Koa application, all routes in place. */
export const HttpApp = serviceId<App>('App');

/** What the composition root adds to the application where it is served. */
export interface Surroundings extends Extensions {
  /** Parts other than the storage that may fail, such as the log. /readyz reports them. */
  readonly degradations?: readonly Degradation[];
  /** Get every event, besides the log. */
  readonly observers?: readonly ReportEvent[];
  /** Measures requests, and what waits for a hash. */
  readonly meters?: Meters;
  /** Who runs a command. A server has nobody. */
  readonly operator?: Operator;
}

const nobody: Operator = { name: '-', onUnrecorded() {} };

export interface Meters {
  readonly observeRequest: ObserveRequest;
  /** Takes note of how many seconds work has waited to be hashed. */
  readonly observeHashWait: (seconds: number) => void;
}

/** The whole system as a list: the dependencies of each part. Everything is a singleton, created when it is first resolved. */
export function createContainer(
  config: Config,
  storage: Storage,
  clock: Clock,
  log: Log,
  { degradations = [], observers = [], meters, operator = nobody, ...extensions }: Surroundings = {},
): Container {
  const container = new Container({ defaultScope: 'Singleton' });

  /** Binds a service to a factory function. Arguments in a wrong order, number or type do not compile. */
  function make<T, A extends unknown[]>(
    service: ServiceIdentifier<T>,
    create: (...args: A) => T,
    args: { [I in keyof A]: ServiceIdentifier<A[I]> },
  ): void {
    container.bind(service).toResolvedValue((...made: A) => create(...made), args as never);
  }
  /** Binds a class to the arguments of its constructor, checked in the same way. */
  function bind<T, A extends unknown[]>(
    Class: new (...args: A) => T,
    args: { [I in keyof A]: ServiceIdentifier<A[I]> },
  ): void {
    make(Class, (...made: A) => new Class(...made), args);
  }

  // The ports, and the settings that use cases need.
  container.bind(WholeStorage).toConstantValue(storage);
  container.bind(Users).toConstantValue(storage.users);
  container.bind(Sessions).toConstantValue(storage.sessions);
  container.bind(Tasks).toConstantValue(storage.tasks);
  container.bind(Limiter).toConstantValue(storage.rateLimiter);
  container.bind(DataArchive).toConstantValue(storage.archive);
  container.bind(Staff).toConstantValue(storage.staff);
  container.bind(CurrentTime).toConstantValue(clock);
  container.bind(RandomId).toConstantValue(randomId);
  container.bind(TextDigest).toConstantValue(sha256);
  container.bind(Policy).toConstantValue(config.sessions);
  container.bind(LimitsPerUser).toConstantValue(config.taskLimits);
  container.bind(RegistrationChoice).toConstantValue(config.registration);
  container.bind(Protected).toConstantValue(new Set(config.demo ? [demoUser.username] : []));
  container.bind(CurrentOperator).toConstantValue(operator);
  container.bind(Logger).toConstantValue(log);
  const nameDigest = (name: string) => keyedDigest(name, container.get(JwtTokenSigner).currentKey);
  make(
    Report,
    (logger) => {
      const logged = { on: [eventLog(logger)], digest: [eventLog(logger, nameDigest)], off: [] };
      const all = [...logged[config.logEvents], ...observers];
      return (event) => {
        for (const observe of all) observe(event);
      };
    },
    [Logger],
  );
  container.bind(Degradations).toConstantValue(degradations);
  bind(HashingThreads, []);
  make(
    BcryptPasswordHasher,
    (threads) => new BcryptPasswordHasher(config.bcryptCost, threads, undefined, meters?.observeHashWait),
    [HashingThreads],
  );
  make(Hasher, (hasher) => hasher, [BcryptPasswordHasher]);
  make(
    JwtTokenSigner,
    (now) =>
      new JwtTokenSigner(config.signingKeys ?? [newSigningKey(config.algorithm)], now, config.legacyTokens),
    [CurrentTime],
  );
  make(Signer, (signer) => signer, [JwtTokenSigner]);

  // The use cases.
  make(
    AttemptLimiter,
    (rateLimiter, now, digest, report) =>
      new AttemptLimiter(rateLimiter, new InMemoryRateLimiter(now), digest, config.limits, report),
    [Limiter, CurrentTime, TextDigest, Report],
  );
  bind(CreateUser, [Users, Hasher, CurrentTime]);
  bind(RegisterUser, [RegistrationChoice, AttemptLimiter, CreateUser, Report]);
  bind(CheckPassword, [AttemptLimiter, Users, Hasher, Report]);
  bind(SessionTokens, [Signer, RandomId, CurrentTime, Policy]);
  bind(IssueTokens, [CheckPassword, Users, Sessions, Hasher, SessionTokens, Report]);
  bind(AdoptLegacyToken, [Sessions, Report]);
  bind(RefreshToken, [AttemptLimiter, SessionTokens, Sessions, Users, CurrentTime, Report, AdoptLegacyToken]);
  bind(VerifyToken, [Signer, Sessions, Users, AdoptLegacyToken]);
  bind(Logout, [SessionTokens, Sessions, Report, AdoptLegacyToken]);
  bind(Authenticate, [Signer, Sessions, Users, AdoptLegacyToken]);
  bind(ConfirmPassword, [Users, CheckPassword, Protected]);
  bind(ChangePassword, [ConfirmPassword, Users, Hasher, Report]);
  bind(ManageSessions, [Sessions, Report]);
  bind(DeleteAccount, [ConfirmPassword, Users, Report]);
  bind(ExportData, [Users, DataArchive, Staff]);
  bind(ImportData, [DataArchive]);
  bind(ImportFromDjango, [DataArchive, Hasher, Sessions, CurrentTime]);
  bind(LongReadLimiter, []);
  bind(ManageTasks, [Tasks, TextDigest, LongReadLimiter, LimitsPerUser]);
  bind(ReadAccount, [Sessions, Users, Staff]);
  bind(ExportAccount, [ReadAccount, ManageSessions, ManageTasks]);
  bind(RecordAct, [Staff, CurrentTime, CurrentOperator]);
  bind(ManageUsers, [
    Users,
    Sessions,
    Tasks,
    DataArchive,
    Hasher,
    CreateUser,
    ManageThrottles,
    Report,
    Staff,
    RecordAct,
  ]);
  bind(AdministerUsers, [Staff, Users, ConfirmPassword, Protected, CurrentTime, Report]);
  bind(BrowseUsers, [Staff, Users, Sessions, Tasks, DataArchive]);
  bind(ReadAuditLog, [Staff]);
  bind(MakePasswordLink, [Users, RandomId, TextDigest, CurrentTime, RecordAct]);
  bind(UsePasswordLink, [AttemptLimiter, Users, Hasher, TextDigest, CurrentTime, Report]);
  make(ManageThrottles, (limiter, now) => new ManageThrottles(limiter, now, config.limits), [
    Limiter,
    CurrentTime,
  ]);
  bind(AddDemoUser, [CreateUser, IssueTokens, Authenticate, ManageTasks, Logout]);

  // The HTTP adapter.
  make(BodyReader, () => fieldsReader(config.bodyLimit), []);
  make(AddressReader, () => clientAddressReader(config.trustedProxies, config.socketPath !== undefined), []);
  make(ClientReader, clientReader, [AddressReader]);
  make(Cors, () => corsHeaders(config.corsOrigins), []);
  make(Authentication, (authenticate) => new Authentication(authenticate, config.authHeaderTypes), [
    Authenticate,
  ]);
  bind(AuthController, [
    BodyReader,
    ClientReader,
    RegisterUser,
    IssueTokens,
    RefreshToken,
    VerifyToken,
    Logout,
    UsePasswordLink,
  ]);
  bind(AccountController, [
    BodyReader,
    ClientReader,
    ReadAccount,
    ChangePassword,
    ManageSessions,
    DeleteAccount,
  ]);
  bind(ExportController, [ExportAccount, LongReadLimiter]);
  make(
    AdminController,
    (read, client, users, administration, auditLog, longReads) =>
      new AdminController(read, client, users, administration, auditLog, longReads, version),
    [BodyReader, ClientReader, BrowseUsers, AdministerUsers, ReadAuditLog, LongReadLimiter],
  );
  bind(TaskController, [BodyReader, ManageTasks, LongReadLimiter]);
  bind(HealthController, [WholeStorage, Degradations]);
  bind(PublicKeysController, [Signer]);
  make(
    HttpRoutes,
    (auth, account, exports, admin, tasks, health, publicKeys, authentication) =>
      createRoutes({ auth, account, exports, admin, tasks, health, publicKeys }, authentication, version),
    [
      AuthController,
      AccountController,
      ExportController,
      AdminController,
      TaskController,
      HealthController,
      PublicKeysController,
      Authentication,
    ],
  );
  const { outer = [], inner = [] } = extensions;
  make(
    HttpApp,
    (table, logger, cors, readAddress) => {
      const warning = config.trustedProxies === 0 ? [warnOfForwarding(logger)] : [];
      const page = { registration: config.registration, demo: config.demo ? demoUser : undefined };
      return createApp(table, logger, {
        readAddress,
        outer: [...warning, ...outer],
        inner,
        fastPaths: config.fastPaths,
        authScheme: config.authHeaderTypes[0],
        corsHeaders: cors,
        web: config.web ? readWebFiles(page) : undefined,
        observeRequest: meters?.observeRequest,
      });
    },
    [HttpRoutes, Logger, Cors, AddressReader],
  );
  make(HttpServer, (app, cors) => new HttpServer(app.callback(), undefined, cors), [HttpApp, Cors]);
  return container;
}
