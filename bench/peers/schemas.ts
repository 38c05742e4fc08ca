import { statuses } from './tasks.js';

const title = { type: 'string', minLength: 1, maxLength: 255, pattern: '\\S' };
const description = { type: 'string', minLength: 1, pattern: '\\S' };
const status = { type: 'string', enum: statuses };

/** JSON schemas, by which Fastify checks bodies and writes responses. */
export const taskSchema = {
  type: 'object',
  properties: { id: { type: 'integer' }, title, description, status },
  required: ['id', 'title', 'description', 'status'],
};

export const listSchema = { type: 'array', items: taskSchema };

export const draftSchema = {
  type: 'object',
  properties: { title, description, status: { ...status, default: 'pending' } },
  required: ['title', 'description'],
};

export const changesSchema = { type: 'object', properties: { title, description, status } };

export const credentialsSchema = {
  type: 'object',
  properties: { username: { type: 'string' }, password: { type: 'string' } },
  required: ['username', 'password'],
};
