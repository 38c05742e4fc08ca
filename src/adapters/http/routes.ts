import type { AccountController } from './controllers/account-controller.js';
import type { AdminController } from './controllers/admin-controller.js';
import type { AuthController } from './controllers/auth-controller.js';
import type { ExportController } from './controllers/export-controller.js';
import type { Access, Authentication } from './middleware/authenticate.js';
import type { Handler, SessionHandler } from './context.js';
import type { HealthController } from './controllers/health-controller.js';
import type { PublicKeysController } from './controllers/public-keys-controller.js';
import { DescriptionController } from './controllers/description-controller.js';
import { operations, sameAs, type Operation } from './openapi/operations.js';
import type { TaskController } from './controllers/task-controller.js';

/** One method on one path. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** A pattern of @koa/router; a trailing slash is optional. */
  readonly path: string;
  /** Authentication. It runs before the handler, and before the 405 for other methods. */
  readonly access: Access;
  readonly handler: Handler;
  /** What it is for. The OpenAPI document is made of this and the rest of the route. */
  readonly operation: Operation;
}

interface Controllers {
  readonly auth: AuthController;
  readonly account: AccountController;
  readonly exports: ExportController;
  readonly admin: AdminController;
  readonly tasks: TaskController;
  readonly health: HealthController;
  readonly publicKeys: PublicKeysController;
}

/**
 * All routes. If two patterns match a path, the first one counts. With `required` the storage checks the session in the
 * step that the handler asks for; with `active` it is checked before, too.
 */
export function createRoutes(
  { auth, account, exports, admin, tasks, health, publicKeys }: Controllers,
  { required, active, optional, none }: Authentication,
  version: string,
): readonly Route[] {
  const routes: readonly Route[] = [
    post('/tasks/register', optional, auth.register, operations.register),
    post('/api/token', none, auth.signIn, operations.signIn),
    post('/api/token/refresh', none, auth.refresh, operations.refresh),
    post('/api/token/verify', none, auth.verify, operations.verify),
    post('/api/token/blacklist', none, auth.blacklist, operations.blacklist),
    post('/api/logout', none, auth.logout, operations.logout),
    post('/api/logout/all', required, account.logoutAll, operations.logoutAll),
    get('/api/sessions', required, account.listSessions, operations.listSessions),
    del('/api/sessions/:sessionId', required, account.endSession, operations.endSession),
    post('/api/password/change', active, account.changePassword, operations.changePassword),
    post('/api/password/reset/confirm', none, auth.resetPassword, operations.resetPassword),
    get('/api/account', required, account.get, operations.getAccount),
    get('/api/account/export', required, exports.export, operations.exportAccount),
    del('/api/account', active, account.delete, operations.deleteAccount),
    get('/api/admin/users', required, admin.listUsers, operations.listUsers),
    get('/api/admin/users/:userId', required, admin.getUser, operations.getUser),
    del('/api/admin/users/:userId', required, admin.deleteUser, operations.deleteUser),
    post('/api/admin/users/:userId/activate', required, admin.activate, operations.activateUser),
    post('/api/admin/users/:userId/deactivate', required, admin.deactivate, operations.deactivateUser),
    post('/api/admin/users/:userId/end-sessions', required, admin.endSessions, operations.endSessionsOfUser),
    get('/api/admin/stats', required, admin.statistics, operations.getStatistics),
    get('/api/admin/audit', required, admin.listAuditLog, operations.listAuditLog),
    get('/tasks', required, tasks.list, operations.listTasks),
    post('/tasks', required, tasks.create, sameAs(operations.createTask, 'postTask')),
    post('/tasks/create', required, tasks.create, operations.createTask),
    get('/tasks/:taskId', required, tasks.get, operations.getTask),
    put('/tasks/:taskId', required, tasks.update, sameAs(operations.updateTask, 'putTask')),
    patch('/tasks/:taskId', required, tasks.update, sameAs(operations.updateTask, 'patchTask')),
    del('/tasks/:taskId', required, tasks.delete, sameAs(operations.deleteTask, 'removeTask')),
    put('/tasks/:taskId/update', required, tasks.update, operations.updateTask),
    del('/tasks/:taskId/delete', required, tasks.delete, operations.deleteTask),
    get('/livez', none, health.live, operations.live),
    get('/readyz', none, health.ready, operations.ready),
    get('/.well-known/jwks.json', none, publicKeys.list, operations.publicKeys),
    get('/openapi.json', none, (ctx) => description.show(ctx), operations.describe),
    get('/api/schema', none, (ctx) => description.show(ctx), sameAs(operations.describe, 'describeAsSchema')),
  ];
  const description = new DescriptionController(routes, version);
  return routes;
}

interface CreateRoute {
  /** A handler that needs a session does not compile without middleware that requires one. */
  (path: string, access: Access<'required'>, handler: SessionHandler, operation: Operation): Route;
  (path: string, access: Access, handler: Handler, operation: Operation): Route;
}

const route =
  (method: Route['method']): CreateRoute =>
  (path: string, access: Access, handler: SessionHandler, operation: Operation) => ({
    method,
    path,
    access,
    handler: handler as Handler,
    operation,
  });
const get = route('get');
const post = route('post');
const put = route('put');
const patch = route('patch');
const del = route('delete');
