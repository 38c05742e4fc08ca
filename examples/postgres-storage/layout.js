import { UnknownLayout } from 'hexado/storage';

/** @typedef {{ query(text: string, values?: unknown[]): Promise<{ rows: any[] }> }} Queryable */

/** Any number that other programs on the same database do not lock. */
const advisoryLock = 4_839_201;

/** SQLSTATE where there is no table of this name. */
const undefinedTable = '42P01';

/**
 * What brings the layout from one version to the next. A version that was released never changes: add another one. While
 * servers are replaced, older ones work on the newer layout, so take away in a later release what they no longer use.
 *
 * Times are seconds since the epoch by the clock of the servers. Texts are compared byte by byte, which is the order of
 * code points in UTF-8. Rows of users are changed with every task, hence the room for it in each page.
 */
const versions = [
  `
  create table hexado.counter (last_user_id bigint not null);
  insert into hexado.counter values (0);

  create table hexado.users (
    id bigint primary key,
    username text collate "C" not null unique,
    password_hash text not null,
    active boolean not null,
    created_at double precision not null,
    link_digest text,
    link_expires_at double precision,
    sessions_ended_at double precision,
    last_task_id bigint not null default 0,
    task_count bigint not null default 0,
    task_bytes bigint not null default 0,
    revision bigint not null default 0
  ) with (fillfactor = 70);

  create table hexado.sessions (
    user_id bigint not null references hexado.users on delete cascade,
    id text collate "C" not null,
    opened_as bigint generated always as identity,
    opened_at double precision not null,
    last_used_at double precision not null,
    address text,
    token_id text not null,
    token_issued_at double precision not null,
    expires_at double precision not null,
    rotated_out json,
    primary key (user_id, id)
  );
  create index on hexado.sessions (expires_at);

  create table hexado.adopted (
    user_id bigint not null references hexado.users on delete cascade,
    id text collate "C" not null,
    expires_at double precision not null,
    primary key (user_id, id)
  );
  create index on hexado.adopted (expires_at);

  create table hexado.tasks (
    user_id bigint not null references hexado.users on delete cascade,
    id bigint not null,
    title text collate "C" not null,
    description text collate "C" not null,
    status text collate "C" not null,
    lower_title text collate "C" not null,
    lower_description text collate "C" not null,
    primary key (user_id, id)
  );

  create table hexado.idempotency_keys (
    user_id bigint not null references hexado.users on delete cascade,
    key text collate "C" not null,
    fingerprint text not null,
    task_id bigint not null,
    expires_at double precision not null,
    primary key (user_id, key)
  );
  create index on hexado.idempotency_keys (expires_at);

  create table hexado.attempts (
    key text collate "C" primary key,
    count double precision not null,
    at double precision not null,
    subject text,
    expires_at double precision not null
  );
  create index on hexado.attempts (key) where subject is not null;
  create index on hexado.attempts (expires_at);

  create table hexado.trusted (
    key text collate "C" primary key,
    expires_at double precision not null
  );
  create index on hexado.trusted (expires_at);

  create table hexado.imports (
    user_id bigint primary key,
    expires_at double precision not null
  );
  create index on hexado.imports (expires_at);

  create table hexado.imported_tasks (
    user_id bigint not null references hexado.imports on delete cascade,
    id bigint not null,
    title text not null,
    description text not null,
    status text not null,
    lower_title text not null,
    lower_description text not null,
    primary key (user_id, id)
  );`,
  `
  create table hexado.staff (
    user_id bigint primary key references hexado.users on delete cascade
  );

  create table hexado.audit_counter (last_record_id bigint not null);
  insert into hexado.audit_counter values (0);

  create table hexado.audit (
    id bigint primary key,
    at bigint not null,
    by text not null,
    actor text not null,
    act text not null,
    user_id bigint not null,
    username text not null
  );`,
];

/**
 * Whether the layout is that of this version; false if it is older or there is none. Rejects with UnknownLayout if
 * it is newer.
 *
 * @param {Queryable} connection
 */
export async function isCurrent(connection) {
  try {
    return (await versionOf(connection)) === versions.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === undefinedTable) return false;
    throw error;
  }
}

/**
 * Brings the layout up to date, in one transaction. Of any number of processes that do so at once, one does the work,
 * and the others wait for it.
 *
 * @param {Queryable} connection
 */
export async function migrate(connection) {
  await connection.query('begin');
  await connection.query('select pg_advisory_xact_lock($1)', [advisoryLock]);
  await connection.query('create schema if not exists hexado');
  await connection.query('create table if not exists hexado.layout (version integer not null)');
  const version = await versionOf(connection);
  for (const statements of versions.slice(version)) await connection.query(statements);
  await connection.query('delete from hexado.layout');
  await connection.query('insert into hexado.layout values ($1)', [versions.length]);
  await connection.query('commit');
}

/** @param {Queryable} connection @returns {Promise<number>} */
async function versionOf(connection) {
  const { rows } = await connection.query('select version from hexado.layout');
  const version = rows[0]?.version ?? 0;
  if (version > versions.length) {
    throw new UnknownLayout(`data of layout ${version}, and this version knows ${versions.length}`, {
      advice: 'Run the version that has changed it, or a newer one.',
    });
  }
  return version;
}
