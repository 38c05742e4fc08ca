import { faultsIn, type Fault } from './fault.js';

const begun = 'this.#database.transaction(async (transaction) => {';
const clocked = 'const now = this.#clock();';

/** The same check of a session as in the transaction that follows, in one that has ended. */
const checkedEarlier = (session: string) =>
  `await this.#database.transaction((earlier) => lockSession(earlier, ${session}, this.#clock()));`;

/** Reads a user without locking the row. */
const unlocked = (user: string, id: string) =>
  `const { rows: [${user}] } = await transaction.query('select * from hexado.users where id = $1', [${id}]);`;

/** Reads a user and locks the row, but not that of a session. */
const locked = (user: string, id: string) =>
  `const { rows: [${user}] } = await transaction.query('select * from hexado.users where id = $1 for update', [${id}]);`;

const ofUsers = faultsIn('users', 'users.js', {
  'looks whether a name is taken, and adds the user in another transaction': [
    'async add({ username, passwordHash, createdAt }) { const { rows } =',
    'async add({ username, passwordHash, createdAt }) { if (await this.findByName(username)) return undefined; const { rows } =',
    'The unique constraint decides all the same: that is what it is for.',
  ],
  'uses the id of a removed user again': [
    'select last_user_id, $1, $2, true, $3 from next',
    'select coalesce((select max(id) from hexado.users), 0) + 1, $1, $2, true, $3 from next',
  ],
  'replaces the user who has the name': [
    'select last_user_id, $1, $2, true, $3 from next on conflict do nothing',
    'select last_user_id, $1, $2, true, $3 from next on conflict (username) do update set password_hash = $2',
  ],
  'keeps the date of registration in whole seconds': [
    '[username, passwordHash, createdAt]',
    '[username, passwordHash, Math.floor(createdAt)]',
  ],
  'finds names in any case': [
    `'select * from hexado.users where username = $1', [username]`,
    `'select * from hexado.users where lower(username) = lower($1)', [username]`,
  ],
  'lists the user after whom the page begins': ['where id > $1 order by id', 'where id >= $1 order by id'],
  'lists a hundred users at most': ['[after, limit],', '[after, Math.min(limit, 100)],'],
  'looks at the hash, and replaces it in another transaction': [
    `await this.#database.query( 'update hexado.users set password_hash = $3 where id = $1 and password_hash = $2', [id, from, to], );`,
    `if ((await this.find(id))?.passwordHash === from) {
       await this.#database.query('update hexado.users set password_hash = $2 where id = $1', [id, to]);
     }`,
  ],
  'keeps a password link through a new password': [
    'password_hash = $2, link_digest = null, link_expires_at = null',
    'password_hash = $2',
  ],
  'ends the session that changes the password': [
    'setPassword(transaction, by.userId, to, now, by.sessionId)',
    'setPassword(transaction, by.userId, to, now)',
  ],
  'says that the hash is wrong before it looks at the session': [
    'const user = await lockSession(transaction, by, now); if (user.password_hash !== from) return false;',
    `${locked('user', 'by.userId')} if (user?.password_hash !== from) return false;
     await lockSession(transaction, by, now);`,
  ],
  'checks the session in another transaction than that of the new password': [
    `return ${begun} ${clocked} const user = await lockSession(transaction, by, now); if (user.password_hash !== from) return false;`,
    `${checkedEarlier('by')} return ${begun} ${clocked} ${locked('user', 'by.userId')} if (user.password_hash !== from) return false;`,
  ],
  'compares the hash without a lock': [
    `return ${begun} ${clocked} const user = await lockSession(transaction, by, now); if (user.password_hash !== from) return false;`,
    `${checkedEarlier('by')} return ${begun} ${clocked} ${unlocked('user', 'by.userId')} if (user.password_hash !== from) return false;`,
  ],
  'uses a link that it has not locked': [
    'const row = await lockUser(transaction, id);',
    unlocked('row', 'id'),
  ],
  'lets inactive users use a link': ['!active || !passwordLink', '!passwordLink'],
  'lets links work for ever': ['opensWith(passwordLink, digest, now)', 'opensWith(passwordLink, digest, 0)'],
  'keeps the first link': ['set link_digest = $2', 'set link_digest = coalesce(link_digest, $2)'],
  'leaves a session open when it deactivates': [
    'await endSessions(transaction, userId, now);',
    `const { rows } = await transaction.query('select max(id) as last from hexado.sessions where user_id = $1', [userId]);
     await endSessions(transaction, userId, now, rows[0].last ?? '');`,
  ],
  'ends the sessions, and deactivates in another transaction': [
    `return ${begun}
      const user = await lockUser(transaction, id);
      if (!user) return false;
      await deactivate(transaction, id, this.#clock());
      return true;
    });`,
    `await this.#database.transaction((earlier) => endSessions(earlier, id, this.#clock()));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { rowCount } = await this.#database.query('update hexado.users set active = false where id = $1', [id]);
    return rowCount === 1;`,
  ],
  'tells everybody who removes a user that they have': [
    `return ${begun} await lockUser(transaction, id); return remove(transaction, id); });`,
    `const user = await this.find(id);
    await ${begun} await lockUser(transaction, id); await remove(transaction, id); });
    return user !== undefined;`,
  ],
  'checks the session in another transaction than that of the removal': [
    `return ${begun} await lockSession(transaction, by, this.#clock()); return remove(`,
    `${checkedEarlier('by')} return ${begun} await lockUser(transaction, by.userId); return remove(`,
  ],
});

const ofSessions = faultsIn('sessions', 'sessions.js', {
  'opens sessions without locking the user': [
    `async open(session, passwordHash, limit) { return ${begun} const user = await lockUser(transaction, session.userId);`,
    `async open(session, passwordHash, limit) { return ${begun} ${unlocked('user', 'session.userId')}`,
  ],
  'opens sessions of inactive users': ['!user?.active ||', '!user ||'],
  'ends the session that was opened first, not the one that was used last the longest ago': [
    'order by last_used_at, opened_at, opened_as',
    'order by opened_at, opened_as',
  ],
  'ends any of the sessions that were last used in the same second': [
    'order by last_used_at, opened_at, opened_as',
    'order by last_used_at, id',
  ],
  'leaves one session too many': ['held.length - limit + 1', 'held.length - limit'],
  'counts expired sessions for the limit': [
    'and expires_at > $2 order by last_used_at',
    'and $2::float8 > 0 order by last_used_at',
  ],
  'counts no more than one session that it ended': [
    'return ended.length;',
    'return Math.min(ended.length, 1);',
  ],
  'finds the sessions of others': [
    `'select * from hexado.sessions where user_id = $1 and id = $2 and expires_at > $3',`,
    `'select * from hexado.sessions where user_id > $1 - 1000 and id = $2 and expires_at > $3',`,
  ],
  'lists sessions to one that has ended': [
    'sessions.some(({ id }) => id === sessionId) ? sessions',
    'sessions.length > 0 ? sessions',
  ],
  'lists a hundred sessions at most': [
    'and expires_at > $2 order by opened_at, opened_as',
    'and expires_at > $2 order by opened_at, opened_as limit 100',
  ],
  'lists sessions of one second by their ids': [
    'and expires_at > $2 order by opened_at, opened_as',
    'and expires_at > $2 order by opened_at, id',
  ],
  'lists expired sessions': [
    'and expires_at > $2 order by opened_at, opened_as',
    'and $2::float8 > 0 order by opened_at, opened_as',
  ],
  'moves the time of the last use back': ['and last_used_at < $4', ''],
  'brings a session back with a touch that has read it before': [
    `await this.#database.query( \`update hexado.sessions set last_used_at = $4
       where user_id = $1 and id = $2 and expires_at > $3 and last_used_at < $4\`,
      [userId, sessionId, this.#clock(), at], );`,
    `const held = await this.find({ userId, sessionId });
    if (held === undefined || held.lastUsedAt >= at) return;
    await this.#database.query(
      \`insert into hexado.sessions (user_id, id, opened_at, last_used_at, token_id, token_issued_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (user_id, id) do update set last_used_at = $4\`,
      [userId, sessionId, held.openedAt, at, held.current.id, held.current.issuedAt, held.current.expiresAt],
    );`,
  ],
  'undoes a rotation with a touch that has read the session before': [
    `await this.#database.query( \`update hexado.sessions set last_used_at = $4
       where user_id = $1 and id = $2 and expires_at > $3 and last_used_at < $4\`,
      [userId, sessionId, this.#clock(), at], );`,
    `const held = await this.find({ userId, sessionId });
    if (held === undefined || held.lastUsedAt >= at) return;
    await this.#database.query(
      'update hexado.sessions set last_used_at = $3, token_id = $4, rotated_out = $5 where user_id = $1 and id = $2',
      [userId, sessionId, at, held.current.id, toJson(held.rotatedOut)],
    );`,
  ],
  'rotates a session that it has not locked': ['and expires_at > $3 for update', 'and expires_at > $3'],
  'ends expired sessions once more': [
    "expires_at > $3', [userId, sessionId, this.#clock()], ); return rowCount === 1;",
    "expires_at > $3 - 1e6', [userId, sessionId, this.#clock()], ); return rowCount === 1;",
  ],
  'tells everybody who ends a session that they have': [
    `const { rowCount } = await this.#database.query( 'delete from hexado.sessions where user_id = $1 and id = $2 and expires_at > $3', [userId, sessionId, this.#clock()], ); return rowCount === 1;`,
    `const held = await this.find({ userId, sessionId });
    await this.#database.query('delete from hexado.sessions where user_id = $1 and id = $2', [userId, sessionId]);
    return held !== undefined;`,
  ],
  'checks the session in another transaction than that which ends another': [
    `return ${begun} const now = this.#clock(); await lockSession(transaction, by, now); const { rowCount }`,
    `await this.list(by); return ${begun} const now = this.#clock(); const { rowCount }`,
  ],
  'lets two sessions that end each other wait for each other': [
    'await lockSession(transaction, by, now); const { rowCount }',
    `const { rows } = await transaction.query(
      'select id from hexado.sessions where user_id = $1 and id = $2 and expires_at > $3 for update',
      [by.userId, by.sessionId, now],
    );
    if (rows.length === 0) refuse('token_revoked');
    const { rowCount }`,
  ],
  'leaves the own session open when all end': [
    'await endSessions(transaction, by.userId, now);',
    'await endSessions(transaction, by.userId, now, by.sessionId);',
  ],
  'ends all sessions one after the other': [
    `await ${begun} ${clocked}
      await lockSession(transaction, by, now);
      await endSessions(transaction, by.userId, now);
    });`,
    `for (const { id } of await this.list(by)) await this.end({ userId: by.userId, sessionId: id });`,
  ],
  'checks the session in another transaction than that which ends all': [
    `await ${begun} ${clocked} await lockSession(transaction, by, now); await`,
    `${checkedEarlier('by')} await ${begun} ${clocked} await`,
  ],
  'ends all sessions of a user one after the other, for the operator': [
    `return ${begun} await lockUser(transaction, userId); return endSessions(transaction, userId, this.#clock()); });`,
    `let ended = 0;
    for (const { id } of await this.listOf(userId)) if (await this.end({ userId, sessionId: id })) ended++;
    return ended;`,
  ],
  'adopts a session again that has ended': [
    `'insert into hexado.adopted (user_id, id, expires_at) values ($1, $2, $3) on conflict do nothing'`,
    `'insert into hexado.adopted (user_id, id, expires_at) values ($1, $2, $3) on conflict (user_id, id) do update set id = $2'`,
  ],
  'adopts sessions of before all were ended': ['user.sessions_ended_at ?? undefined', 'undefined'],
  'adopts sessions without locking the user': [
    `async adopt(session) { return ${begun} const user = await lockUser(transaction, session.userId);`,
    `async adopt(session) { return ${begun} ${unlocked('user', 'session.userId')}`,
  ],
});

const ofLocks = [
  ...faultsIn('tasks', 'locks.js', {
    'locks the user of a session, but not the session': ['for update of u, s', 'for update of u'],
    'locks the session, but not its user': ['for update of u, s', 'for update of s'],
    'locks neither a session nor its user': ['for update of u, s', ''],
    'takes the session of another user': ['on s.user_id = u.id', 'on true'],
    'takes a session that expires in this second': ['s.expires_at > $3', 's.expires_at >= $3'],
  }),
  ...faultsIn('sessions', 'locks.js', {
    'counts expired sessions among those that it ended': [
      'rows.filter(({ active }) => active).length',
      'rows.length',
    ],
  }),
  ...faultsIn('users', 'locks.js', {
    'leaves a session open where all others end': [
      'user_id = $1 and id <> $2',
      'user_id = $1 and id <> $2 and id <> (select max(id) from hexado.sessions where user_id = $1)',
    ],
    'does not lock a user': ['where id = $1 for update', 'where id = $1'],
  }),
];

const bound = `${clocked} const { userId } = session;`;
const lockedFor = (next: string) =>
  `return ${begun} ${bound} const user = await lockSession(transaction, session, now); ${next}`;

const ofTasks = faultsIn('tasks', 'tasks.js', {
  'checks the session in another transaction than that which creates': [
    lockedFor('const { title, description, status } = draft;'),
    `${checkedEarlier('session')} return ${begun} ${bound} ${locked('user', 'userId')} const { title, description, status } = draft;`,
  ],
  'checks the session in another transaction than that which updates': [
    lockedFor('const task = await findTask(transaction, userId, id, expected); if (!task) return undefined;'),
    `${checkedEarlier('session')} return ${begun} ${bound} ${locked('user', 'userId')}
     const task = await findTask(transaction, userId, id, expected); if (!task) return undefined;`,
  ],
  'checks the session in another transaction than that which removes': [
    lockedFor('const task = await findTask(transaction, userId, id, expected); if (!task) return false;'),
    `${checkedEarlier('session')} return ${begun} ${bound} ${locked('user', 'userId')}
     const task = await findTask(transaction, userId, id, expected); if (!task) return false;`,
  ],
  'tells everybody who removes a task that they have': [
    lockedFor('const task = await findTask(transaction, userId, id, expected); if (!task) return false;'),
    `${checkedEarlier('session')} return ${begun} ${bound} ${unlocked('user', 'userId')}
     const task = await findTask(transaction, userId, id, expected); if (!task) return false;`,
  ],
  'updates a task that it has read without a lock': [
    lockedFor('const task = await findTask(transaction, userId, id, expected); if (!task) return undefined;'),
    `${checkedEarlier('session')} return ${begun} ${bound} ${unlocked('user', 'userId')}
     const task = await findTask(transaction, userId, id, expected); if (!task) return undefined;`,
  ],
  'says that a task is missing before it looks at the session': [
    lockedFor('const task = await findTask(transaction, userId, id, expected); if (!task) return false;'),
    `return ${begun} ${bound} const task = await findTask(transaction, userId, id, expected); if (!task) return false;
     const user = await lockSession(transaction, session, now);`,
  ],
  'counts code units, not bytes': [
    'Buffer.byteLength(title) + Buffer.byteLength(description)',
    'title.length + description.length',
  ],
  'counts keys that are forgotten': [
    "where user_id = $1 and expires_at > $2', [userId, now]",
    "where user_id = $1 and $2::float8 > 0', [userId, now]",
  ],
  'knows a key in one session only': [
    'const known = idempotency &&',
    'idempotency &&= { ...idempotency, key: `${session.sessionId} ${idempotency.key}` }; const known = idempotency &&',
  ],
  'knows a key for half a day': ['keyLifetime = 86_400', 'keyLifetime = 43_200'],
  'knows a key longer when it is used again': [
    'if (known) return {',
    `if (known) await transaction.query(
       'update hexado.idempotency_keys set expires_at = $3 where user_id = $1 and key = $2',
       [userId, idempotency.key, now + keyLifetime],
     );
     if (known) return {`,
  ],
  'returns the task as it is now for a known key': [
    'if (known) return { id: known.task_id, title, description, status };',
    `if (known) {
       return (await findTask(transaction, userId, known.task_id)) ?? { id: known.task_id, title, description, status };
     }`,
  ],
  'takes a known key for another request': [
    'rows[0].fingerprint !== fingerprint',
    'rows[0].fingerprint === ""',
  ],
  'compares keys in lower case': [
    "user_id = $1 and key = $2 and expires_at > $3'",
    "user_id = $1 and lower(key) = lower($2) and expires_at > $3'",
  ],
  'uses the id of a removed task again': [
    'user.last_task_id + 1',
    `(await transaction.query('select coalesce(max(id), 0) as last from hexado.tasks where user_id = $1', [userId]))
       .rows[0].last + 1`,
  ],
  'leaves the revision when a task is created': [
    'task_bytes = task_bytes + $8, revision = $9 where id = $1`, [ userId, id, title, description, status, title.toLowerCase(), description.toLowerCase(), bytes,',
    'task_bytes = task_bytes + $8, revision = revision + 0 * $9::bigint where id = $1`, [ userId, id, title, description, status, title.toLowerCase(), description.toLowerCase(), bytes,',
  ],
  'raises the revision after the update': [
    `update hexado.users set task_bytes = task_bytes + $8, revision = $9 where id = $1\`,
        [ userId, id, title, description, status, title.toLowerCase(), description.toLowerCase(), growth,
          nextRevision(user.revision, now), ], );
      return updated;
    });`,
    `update hexado.users set task_bytes = task_bytes + $8 where id = $1\`,
        [userId, id, title, description, status, title.toLowerCase(), description.toLowerCase(), growth],
      );
      return updated;
    }).then(async (updated) => {
      await this.#database.query('update hexado.users set revision = greatest(revision + 1, $2) where id = $1', [
        session.userId, Math.floor(this.#clock() * 1000),
      ]);
      return updated;
    });`,
  ],
  'lists the task after which the page begins': ['after: { id: after }', 'after: { id: after - 1 }'],
  'lists a hundred tasks at most': [
    'offset: 0, limit, count: true',
    'offset: 0, limit: Math.min(limit, 100), count: true',
  ],
  'selects for an ended session': [
    "tables: 'hexado.sessions s join hexado.users u on u.id = s.user_id', condition: 's.user_id = $1 and s.id = $2 and s.expires_at > $3',",
    "tables: 'hexado.users u', condition: 'u.id = $1 and $2 is not null and $3::float8 > 0',",
  ],
  'compares the title of the expected task only': [
    '&& task.description === description && task.status === status',
    '',
  ],
  'searches in the texts of before the update': [
    'title.toLowerCase(), description.toLowerCase(), growth,',
    'task.title.toLowerCase(), task.description.toLowerCase(), growth,',
  ],
});

const ofPages = faultsIn('tasks', 'task-page.js', {
  'searches in titles only': [' or strpos(lower_description, ${text}) > 0)', ')'],
  'takes a searched text as a pattern': [
    'strpos(lower_title, ${text}) > 0',
    "lower_title like '%' || ${text} || '%'",
  ],
  'orders titles in any case': [
    '${order.by} ${order.descending',
    "${order.by === 'title' ? 'lower(title)' : order.by} ${order.descending",
  ],
  'skips tasks with the title after which the page begins': [
    'and id > ${id}))',
    'and id > ${id} and false))',
  ],
  'counts tasks that the filters do not let through': ['`(select count(*) ${filtered})`', "'u.task_count'"],
});

const ofAttempts = faultsIn('attempts', 'rate-limiter.js', {
  'looks at the attempts without a lock': [
    `const { rows } = await transaction.query( \`insert into hexado.attempts as known (key, count, at, expires_at) values ($1, 0, $2, $3)
         on conflict (key) do update set key = known.key returning *\`,`,
    `await transaction.query(\`insert into hexado.attempts (key, count, at, expires_at) values ($1, 0, $2, $3) on conflict (key) do nothing\`, [key, now, now + limit.period]);
     const { rows } = await transaction.query('select * from hexado.attempts where key = $1 and $2 < $3::float8',`,
  ],
  'cuts keys': ['const now = this.#clock(); //', 'key = key.slice(0, 12); const now = this.#clock(); //'],
  'counts keys in any case as one': [
    'const now = this.#clock(); //',
    'key = key.toLowerCase(); const now = this.#clock(); //',
  ],
  'allows one attempt too many': [
    'countAttempt(before, limit, now)',
    'countAttempt(before, { ...limit, attempts: limit.attempts + 1 }, now)',
  ],
  'keeps the last subject': ['coalesce(subject, $2)', '$2', 'all attempts of a key have the same subject'],
  'keeps the subject of attempts for which there is room': [
    'count > 1 ? before.subject : null',
    'JSON.stringify(subject)',
  ],
  'keeps the subject of attempts that no longer count': [
    'count > 1 ? before.subject : null',
    'before.subject',
  ],
  'gives attempts back that it has not locked': ['where key = $1 for update', 'where key = $1'],
  'keeps the subject of a key that is cleared': [
    "await this.#database.query('delete from hexado.attempts where key = $1', [key]);",
    "await this.#database.query('update hexado.attempts set count = 0 where key = $1', [key]);",
  ],
  'lists the first part only': ['rows.length === partSize &&', 'rows.length > partSize &&'],
  'does not prolong trust': ['do update set expires_at = excluded.expires_at', 'do nothing'],
  'counts the attempts of a key that is trusted': [
    "await transaction.query('delete from hexado.attempts where key = $1', [key]);",
    '',
  ],
  'trusts in the second in which trust ends': [
    "key = $1 and expires_at > $2', [key,",
    "key = $1 and expires_at >= $2', [key,",
  ],
});

const ofArchives = faultsIn('export and import', 'archive.js', {
  'forgets ids of removed users': [
    'select * from hexado.counter',
    'select coalesce(max(id), 0) as last_user_id from hexado.users',
  ],
  'lowers the counter of ids': ["greatest(last_user_id, $1)', [ lastUserId,", "$1', [ lastUserId,"],
  'takes another user with the same name for this one': [
    'holder.id === id && holder.username === username',
    'holder.username === username',
  ],
  'keeps what an import left that was cut off': [
    `await transaction.query('delete from hexado.imports where user_id = $1', [id]);
      await transaction.query('insert into hexado.imports values ($1, $2)', [`,
    `await transaction.query('insert into hexado.imports values ($1, $2) on conflict do nothing', [`,
  ],
  'forgets the last task id': [
    'createdAt, lastTaskId, nextRevision',
    'createdAt, 0 * lastTaskId, nextRevision',
  ],
  'finishes imports of names that are taken': ['return rowCount === 1;', 'return true;'],
  'activates imported users': [
    'passwordHash, active, createdAt, lastTaskId',
    'passwordHash, true, createdAt, lastTaskId',
  ],
  'exports the task after which the page begins': ['after: { id: after }', 'after: { id: after - 1 }'],
  'cuts dates to whole seconds': [
    'active, createdAt, lastTaskId',
    'active, Math.floor(createdAt), lastTaskId',
  ],
  'shows a user before the tasks are there': [
    'const { rowCount } = await transaction.query( `insert into hexado.users (id, username, password_hash, active, created_at, last_task_id, revision) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`, [id, username, passwordHash, active, createdAt, lastTaskId, nextRevision(0, this.#clock())], );',
    'const { rowCount } = await this.#database.query( `insert into hexado.users (id, username, password_hash, active, created_at, last_task_id, revision) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`, [id, username, passwordHash, active, createdAt, lastTaskId, nextRevision(0, this.#clock())], ); await new Promise((resolve) => setTimeout(resolve, 20));',
  ],
});

const ofTheRest = [
  ...faultsIn('storage', 'health.js', {
    'complains while everything works': ['reasons: isReadOnly ?', 'reasons: !isReadOnly ?'],
  }),
  ...faultsIn('storage', 'database.js', {
    'takes 1.5 seconds for a call': [
      'this.#sentAt = performance.now();',
      'await new Promise((resolve) => setTimeout(resolve, 1500)); this.#sentAt = performance.now();',
    ],
  }),
  ...faultsIn('tasks', 'database.js', {
    'begins no transaction': ["await connection.query('begin isolation level read committed');", ''],
    'rolls nothing back': [
      "await connection.query('rollback')",
      "await connection.query('commit')",
      'Methods refuse before they write, and a statement that fails has the database roll back.',
    ],
    'leaves a transaction open': ["await connection.query('rollback')", "await connection.query('select 1')"],
    'does not wait for the commit': ["await connection.query('commit');", "void connection.query('commit');"],
  }),
  ...faultsIn('sessions', 'index.js', {
    'uses its own clock': [
      'createStorage({ clock }) {',
      'createStorage() { const clock = () => Date.now() / 1000;',
    ],
  }),
];

/** Keeps an argument in the object until the next turn, where another call meets it. */
const kept = (argument: string) =>
  `this.kept = ${argument}; await new Promise(setImmediate); ${argument} = this.kept;`;

const ofCallers = [
  ...faultsIn('calls at once', 'users.js', {
    'finds the user who is looked for last': ['async find(id) {', `async find(id) { ${kept('id')}`],
    'stores the hash that is set last': [
      'async setPasswordHash(id, hash) {',
      `async setPasswordHash(id, hash) { ${kept('hash')}`,
    ],
  }),
  ...faultsIn('calls at once', 'sessions.js', {
    'gives one user the refresh token of another': [
      'async rotate({ userId, sessionId }, request) {',
      `async rotate({ userId, sessionId }, request) { ${kept('request')}`,
    ],
    'lists the sessions of the user who is named last': [
      'async listOf(userId) {',
      `async listOf(userId) { ${kept('userId')}`,
    ],
  }),
  ...faultsIn('calls at once', 'tasks.js', {
    'creates tasks for whoever asks last': [
      'async create(session, draft, { limits, idempotency }) {',
      `async create(session, draft, { limits, idempotency }) { ${kept('session')}`,
    ],
    'selects what is asked for last': [
      'async #select({ userId, sessionId }, query) {',
      `async #select({ userId, sessionId }, query) { ${kept('query')}`,
    ],
  }),
  ...faultsIn('calls at once', 'rate-limiter.js', {
    'tells whether the key is trusted that is named last': [
      'async isTrusted(key) {',
      `async isTrusted(key) { ${kept('key')}`,
    ],
  }),
  ...faultsIn('users', 'users.js', {
    'ends no sessions if the new hash is the old one': [
      'if (!user) return false; await setPassword(transaction, id, hash, this.#clock());',
      'if (!user) return false; if (user.password_hash === hash) return true; await setPassword(transaction, id, hash, this.#clock());',
    ],
  }),
  ...faultsIn('sessions', 'locks.js', {
    'adopts again what has ended with all other sessions': [
      "'update hexado.users set sessions_ended_at = $2 where id = $1', [userId, now]);",
      "'update hexado.users set sessions_ended_at = $2 where id = $1', [userId, now]); await transaction.query('delete from hexado.adopted where user_id = $1', [userId]);",
    ],
    'remembers the first end of all sessions only': [
      'set sessions_ended_at = $2',
      'set sessions_ended_at = coalesce(sessions_ended_at, $2)',
    ],
  }),
  ...faultsIn('sessions', 'sessions.js', {
    'compares the times of the last use as texts': [
      'order by last_used_at, opened_at, opened_as',
      'order by last_used_at::text, opened_at, opened_as',
    ],
  }),
  ...faultsIn('tasks', 'tasks.js', {
    'compares with the expected description in any normal form': [
      'task.description === description',
      'task.description.normalize() === description.normalize()',
    ],
    'counts limits of tasks in 32 bits': [
      'user.task_count >= limits.tasks',
      'user.task_count >= (limits.tasks === Infinity ? Infinity : limits.tasks | 0)',
    ],
  }),
  ...faultsIn('attempts', 'rate-limiter.js', {
    'lists keys in the order of words, and goes on by their letters': [
      'order by key limit $3',
      'order by lower(key), key limit $3',
    ],
  }),
  ...faultsIn('export and import', 'archive.js', {
    'counts the ids of imports that have begun': [
      "'select * from hexado.counter'",
      "'select greatest(last_user_id, (select max(user_id) from hexado.imports)) as last_user_id from hexado.counter'",
    ],
    'compares the name of a present user in any case': [
      'holder.username === username',
      'holder.username.toLowerCase() === username.toLowerCase()',
    ],
  }),
];

const ofStaff = [
  ...faultsIn('staff', 'staff.js', {
    'makes a user staff who is not locked': [
      'const user = await lockUser(transaction, userId); if (!user?.active)',
      `${unlocked('user', 'userId')} if (!user?.active)`,
    ],
    'makes inactive users staff': ['if (!user?.active) return false;', 'if (!user) return false;'],
    'lists staff in the order in which they became it': [
      "'select user_id from hexado.staff order by user_id'",
      "'select user_id from hexado.staff order by ctid'",
    ],
    'acts in another transaction than that of the record': [
      'await addRecord(transaction, record); await does',
      'await addRecord(this.#database, record); await does',
    ],
    'acts before it records, in two transactions': [
      'await addRecord(transaction, record); await does[act](transaction, userId, now); return true; });',
      `await does[act](transaction, userId, now); return true;
      }).then(async (isDone) => { await new Promise((resolve) => setTimeout(resolve, 20)); if (isDone) await addRecord(this.#database, record); return isDone; });`,
    ],
    'acts without locking staff, some of whom are slow': [
      'await lockStaff(transaction); if (takesRight(act)) await requireAnother(transaction, userId);',
      `if (takesRight(act)) await requireAnother(transaction, userId);
       if (by.userId % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 20));`,
    ],
    'acts on a user who is not locked': [
      'const user = await lockUser(transaction, userId); await lockStaff(transaction);',
      `${unlocked('user', 'userId')} await lockStaff(transaction);`,
    ],
    'tells of the last administrator after all else': [
      'if (takesRight(act)) await requireAnother(transaction, userId); await requireStaff(transaction, by, now);',
      'await requireStaff(transaction, by, now); if (takesRight(act)) await requireAnother(transaction, userId);',
    ],
    'authorises expired sessions': ['s.id = $2 and s.expires_at > $3', 's.id = $2 and $3::float8 > 0'],
    'takes everybody for staff': ['return session.is_staff ?', 'return session ?'],
    'takes the id after the highest one, without a lock': [
      'update hexado.audit_counter set last_record_id = last_record_id + 1 returning last_record_id as id)',
      'select coalesce(max(id), 0) + 1 as id from hexado.audit)',
    ],
    'keeps one record too few': ['(select id from next) - $7', '(select id from next) - $7 + 1'],
    'begins a page with the record before it': [
      'where id < $1 order by id desc',
      'where id <= $1 order by id desc',
    ],
    'returns the first records': ['order by id desc', 'order by id'],
    'keeps the time in 32 bits': ['[at, by, actor,', '[at % 2 ** 31, by, actor,'],
  }),
  ...faultsIn('staff', 'locks.js', {
    'takes the right without locking staff': [
      'await lockStaff(transaction); await requireAnother(transaction, userId); await transaction.query(',
      'await requireAnother(transaction, userId); await transaction.query(',
    ],
    'looks for another one before it has locked staff': [
      'await lockStaff(transaction); await requireAnother(transaction, userId);',
      'await requireAnother(transaction, userId); await lockStaff(transaction);',
    ],
    'takes the right from the last one': ["refuse('last_administrator');", 'return;'],
    'counts who has lost the right as another one': [
      'rows.length === 1 && rows[0]',
      'rows.length === 0 && rows[0]',
    ],
  }),
  ...faultsIn('staff', 'users.js', {
    'leaves whoever is deactivated staff': [
      'await takeRight(transaction, userId); await transaction.query(',
      'await transaction.query(',
    ],
    'lets the last one be removed': [
      'await takeRight(transaction, userId); // The foreign',
      '// The foreign',
    ],
    'removes a user who is not locked': [
      `return ${begun} await lockUser(transaction, id); return remove(`,
      `return ${begun} return remove(`,
    ],
  }),
  ...faultsIn('staff', 'archive.js', {
    'makes inactive users staff': ['if (isStaff && active) await', 'if (isStaff) await'],
    'makes all imported users staff': ['if (isStaff && active) await', 'if (active) await'],
  }),
  ...faultsIn('storage', 'index.js', {
    'has no staff': ['staff: new PostgresStaff(database, clock),', ''],
  }),
];

/** The faults that are planted in examples/postgres-storage. */
export const postgresFaults: readonly Fault[] = [
  ...ofUsers,
  ...ofSessions,
  ...ofLocks,
  ...ofTasks,
  ...ofPages,
  ...ofAttempts,
  ...ofArchives,
  ...ofStaff,
  ...ofCallers,
  ...ofTheRest,
];
