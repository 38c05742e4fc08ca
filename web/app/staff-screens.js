import { auditView } from './audit-view.js';
import { usersView } from './users-view.js';

/** The screens that only staff have. Nobody else loads them. */
export const screens = { users: usersView, audit: auditView };
