/** @typedef {import('./database.js').Database} Database */

/** Seconds by which the clocks may differ. */
const maxDifference = 5;

/** How well the database works now. Rejects if it cannot be reached. */
export async function check(/** @type {Database} */ database) {
  const { rows } = await database.query(
    `select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as "isReadOnly",
       current_setting('fsync') = 'off' or current_setting('synchronous_commit') = 'off'
         or current_setting('full_page_writes') = 'off' as "losesWrites"
     from hexado.layout`,
  );
  const [{ isReadOnly, losesWrites }] = rows;
  return {
    reasons: isReadOnly ? ['PostgreSQL accepts no writes: DATABASE_URL leads to a standby.'] : [],
    warnings: losesWrites
      ? ['PostgreSQL may lose writes in a crash: turn fsync, full_page_writes and synchronous_commit on.']
      : [],
  };
}

/** What an operator should know beyond that. */
export async function inspect(/** @type {Database} */ database, /** @type {number} */ now) {
  const { rows } = await database.query(
    `select current_setting('server_version') as version,
       (select count(*) from hexado.users) as users,
       pg_size_pretty(pg_database_size(current_database())) as size,
       (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as "isEncrypted",
       host(inet_server_addr()) as address,
       extract(epoch from clock_timestamp())::float8 as time,
       current_setting('max_connections')::int as "maxConnections",
       (select count(*) from pg_stat_activity where backend_type = 'client backend') as connections`,
  );
  const [found] = rows;
  const seconds = Math.abs(now - found.time);
  const isNear = found.address === null || /^(127\.|::1)/.test(found.address);
  return [
    found.users > 0
      ? finding('ok', 'data', `${found.users} users are stored, in ${found.size}.`)
      : finding('warning', 'data', 'There are no users: check DATABASE_URL.'),
    finding('ok', 'version', `PostgreSQL ${found.version}.`),
    found.isEncrypted || isNear
      ? finding('ok', 'tls', 'PostgreSQL is on this machine, or spoken to over TLS.')
      : finding(
          'warning',
          'tls',
          'PostgreSQL is spoken to in plain text: use sslmode=verify-full in DATABASE_URL.',
        ),
    found.connections < 0.9 * found.maxConnections
      ? finding('ok', 'clients', `${found.connections} of ${found.maxConnections} connections are open.`)
      : finding(
          'warning',
          'clients',
          `${found.connections} of ${found.maxConnections} connections are open: raise max_connections.`,
        ),
    seconds < maxDifference
      ? finding('ok', 'clock', 'The clocks agree.')
      : finding('warning', 'clock', `The clocks differ by ${Math.round(seconds)} seconds: synchronise them.`),
  ];
}

/**
 * @param {import('hexado/storage').Finding['level']} level @param {string} about @param {string} message
 * @returns {import('hexado/storage').Finding}
 */
function finding(level, about, message) {
  return { level, about, message };
}
