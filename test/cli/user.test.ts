import { userInfo } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import type { SignedIn } from '../support/api-client.js';
import { expectRejection } from '../support/expect-rejection.js';
import { RedisServer } from '../support/redis-server.js';
import { signingKey } from '../support/running-server.js';
import { program, run, runCommand, ServerProcess, type Ending } from '../support/server-process.js';

describe('hexado user', () => {
  const password = 'Xk9-fence-Orbit';
  const milk = { title: 'Buy milk', description: 'Two litres' };
  let redis: RedisServer;
  let environment: Readonly<Record<string, string>>;
  let server: ServerProcess;
  before(async () => {
    redis = await RedisServer.start();
    environment = { STORAGE: 'redis', REDIS_URL: redis.url, SIGNING_KEY: signingKey, BCRYPT_COST: '4' };
    server = await ServerProcess.start(environment);
  });
  after(async () => {
    await server.kill();
    await redis.stop();
  });

  function user(words: string, input = ''): Promise<Ending> {
    return run(['user', ...words.split(' ')], { environment, input });
  }

  /** The same with the lines that they are expected to print. */
  async function userDoes(words: string, expected: string, input?: string): Promise<void> {
    const ending = await user(words, input);
    expect(ending).to.include({ code: 0, stdout: `${expected}\n`, stderr: '' });
    const [verb, subject] = words.split(' ');
    const { events } = ending;
    expect(events.filter(({ event }) => event === 'operator_act')).to.have.length(1);
    expect(events.at(-1)).to.include({ operator: userInfo().username, act: `user ${verb}`, subject });
  }

  async function signIn(username: string, given: string): Promise<number> {
    return (await server.call('POST', '/api/token/', { username, password: given })).status;
  }

  /** What a request of a user who has signed in, and one for a new access token, get. */
  async function sessionOf({ access, refresh }: SignedIn): Promise<readonly number[]> {
    const list = await server.call('GET', '/tasks/', undefined, access);
    const renewal = await server.call('POST', '/api/token/refresh/', { refresh });
    return [list.status, renewal.status];
  }

  /** What a terminal shows while somebody types the answers to the prompts, but for reports of acts. */
  async function screen(words: string, ...answers: readonly [string, string][]): Promise<string> {
    return (await wholeScreen(words, ...answers)).replaceAll(/^.*INFO.*An operator ran.*\r\n/gm, '');
  }

  async function wholeScreen(words: string, ...answers: readonly [string, string][]): Promise<string> {
    const command = `exec "${process.execPath}" "${program}" user ${words}`;
    const inTerminal =
      process.platform === 'linux'
        ? ['script', '-qc', command, '/dev/null']
        : ['script', '-q', '/dev/null', 'sh', '-c', command];
    return (await runCommand(inTerminal, { environment, answers })).stdout;
  }

  it('creates a user who can sign in at once, with the first line of the input as password', async () => {
    await userDoes('create ann', 'User ann created with the id 1.', `${password}\r\nanother line\n`);
    expect(await signIn('ann', password)).to.equal(200);
  });

  it('creates a user even with REGISTRATION=closed', async () => {
    const closed = { ...environment, REGISTRATION: 'closed' };
    const { code } = await run(['user', 'create', 'eve'], { environment: closed, input: password });
    expect(code).to.equal(0);
    expect(await signIn('eve', password)).to.equal(200);
  });

  it('rejects a name that is taken', async () => {
    await server.call('POST', '/tasks/register/', { username: 'bob', password });
    const ending = await user('create bob', password);
    expectRejection(ending, 1, /^username: A user with that username already exists\.$/);
  });

  it('rejects a weak password with all of its problems', async () => {
    const { code, stdout, stderr } = await user('create zoe', '1234\n');
    expect(code).to.equal(1);
    expect(stdout).to.equal('');
    expect(stderr.trimEnd().split('\n')).to.deep.equal([
      'hexado: password: This password is too short. It must contain at least 8 characters.',
      'hexado: password: This password is too common.',
      'hexado: password: This password is entirely numeric.',
    ]);
    expect(await signIn('zoe', '1234')).to.equal(401);
  });

  it('rejects an empty password', async () => {
    expectRejection(await user('create zoe'), 1, /^password: This field may not be blank\.$/);
  });

  it('deactivates a user and ends the sessions; activate allows sign-ins and new sessions', async () => {
    const carl = await server.registerAndSignIn('carl');
    expect(await sessionOf(carl)).to.deep.equal([200, 200]);

    const sentence = `User ${carl.username} cannot sign in any more; all of their sessions have ended.`;
    await userDoes(`deactivate ${carl.username}`, sentence);
    expect(await sessionOf(carl)).to.deep.equal([401, 401]);
    expect(await signIn(carl.username, carl.password)).to.equal(401);

    await userDoes(`activate ${carl.username}`, `User ${carl.username} can sign in.`);
    expect(await signIn(carl.username, carl.password)).to.equal(200);
    expect(await sessionOf(carl)).to.deep.equal([401, 401]);
  });

  it('sets a password, the only valid one then, and ends the sessions', async () => {
    const dora = await server.registerAndSignIn('dora');
    const sentence = `Password of ${dora.username} set; all of their sessions have ended.`;
    await userDoes(`set-password ${dora.username}`, sentence, 'Vw3-copper-Lantern\n');
    expect(await sessionOf(dora)).to.deep.equal([401, 401]);
    expect(await signIn(dora.username, dora.password)).to.equal(401);
    expect(await signIn(dora.username, 'Vw3-copper-Lantern')).to.equal(200);
  });

  it('deletes a user with sessions and tasks, and frees the name', async () => {
    const fred = await server.registerAndSignIn('fred');
    await server.call('POST', '/tasks/create/', milk, fred.access);

    const sentence = `User ${fred.username} deleted, with all of their sessions and tasks.`;
    await userDoes(`delete ${fred.username}`, sentence);
    expect(await sessionOf(fred)).to.deep.equal([401, 401]);
    expect(await signIn(fred.username, fred.password)).to.equal(401);

    const { username } = fred;
    const registered = await server.call('POST', '/tasks/register/', { username, password });
    expect(registered.status).to.equal(201);
    const tokens = await server.call('POST', '/api/token/', { username, password });
    const { access } = tokens.json() as SignedIn;
    expect((await server.call('GET', '/tasks/', undefined, access)).json()).to.deep.equal([]);
  });

  it('lists all users in the order of their ids', async () => {
    const gina = await server.registerAndSignIn('gina');
    await user(`deactivate ${gina.username}`);
    const { code, stdout, stderr } = await user('list');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    const ids = rows.map(([id]) => Number(id));
    expect(ids).to.deep.equal(ids.toSorted((one, other) => one - other));
    expect(rows[0]?.slice(0, 3)).to.deep.equal(['1', 'ann', 'active']);
    expect(rows.at(-1)?.slice(1, 3)).to.deep.equal([gina.username, 'inactive']);
    for (const [, , , since = ''] of rows) {
      expect(since).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Date.parse(since)).to.be.closeTo(Date.now(), 300_000);
    }
  });

  it('lists one JSON object per line, without the password hash', async () => {
    const nora = await server.registerAndSignIn('nora');
    const { stdout } = await user(`list --json --filter ${nora.username.toUpperCase()}`);
    const [line = '', ...more] = stdout.split('\n');
    expect(more).to.deep.equal(['']);
    const { id, created, ...rest } = JSON.parse(line) as { readonly id: number; readonly created: string };
    expect(rest).to.deep.equal({ username: nora.username, active: true, staff: false });
    expect(id).to.be.a('number');
    expect(Date.parse(created)).to.be.closeTo(Date.now(), 300_000);
  });

  it('shows what a user has in numbers, and nothing of their tasks', async () => {
    const oda = await server.registerAndSignIn('oda');
    await server.call('POST', '/tasks/create/', milk, oda.access);
    const { code, stdout } = await user(`show ${oda.username}`);
    expect(code).to.equal(0);
    const lines = Object.fromEntries(stdout.split('\n').map((line) => line.split(/ +(.*)/s)));
    expect(lines).to.include({
      name: oda.username,
      state: 'active',
      staff: 'no',
      sessions: '1',
      tasks: '1',
      text: '18 bytes',
    });
    expect(stdout).not.to.match(/milk|litres/i);
  });

  it('lists the sessions of a user, and ends them all', async () => {
    const pia = await server.registerAndSignIn('pia');
    const [id, opened, used, expires, address, ...more] = (await user(`sessions ${pia.username}`)).stdout
      .trimEnd()
      .split('\t');
    expect(id).to.match(/^\S{10,}$/);
    expect(Date.parse(opened ?? '')).to.be.closeTo(Date.now(), 300_000);
    expect(used).to.equal(opened);
    expect(Date.parse(expires ?? '')).to.be.above(Date.now());
    expect(address).to.equal('127.0.0.1');
    expect(more).to.deep.equal([]);

    await userDoes(`logout ${pia.username}`, `1 session of ${pia.username} ended.`);
    expect(await sessionOf(pia)).to.deep.equal([401, 401]);
    expect((await user(`sessions ${pia.username}`)).stdout).to.equal('');
    await userDoes(`logout ${pia.username}`, `0 sessions of ${pia.username} ended.`);
    expect(await signIn(pia.username, pia.password)).to.equal(200);
  });

  for (const [what, redirection, code] of [
    ['has no room', '>/dev/full', 'ENOSPC'],
    ['has no reader', '| true', 'EPIPE'],
  ] as const) {
    it(`reports on standard error what it has done when standard output ${what}`, async () => {
      const name = `printed-${code.toLowerCase()}`;
      const command = `"${process.execPath}" "${program}" user create ${name} ${redirection}; exit \${PIPESTATUS[0]}`;
      const given = { environment, input: password };
      const { code: exitCode, stderr, events } = await runCommand(['bash', '--norc', '-c', command], given);
      const [done, problem, ...more] = stderr.split('\n');
      expect(events).to.have.length(1);
      expect(events[0]).to.include({ event: 'operator_act', act: 'user create', subject: name });
      expect(done).to.match(new RegExp(`^hexado: User ${name} created with the id \\d+\\.$`));
      expect(problem).to.equal(`hexado: Standard output cannot be written (${code}).`);
      expect(more).to.deep.equal(['']);
      expect(exitCode).to.equal(74);
      expect(await signIn(name, password)).to.equal(200);
    });
  }

  for (const verb of ['set-password', 'deactivate', 'activate', 'delete', 'show', 'sessions', 'logout']) {
    it(`reports an unknown user to ${verb}`, async () => {
      expectRejection(await user(`${verb} nobody`, password), 1, /^There is no user of this name\.$/);
    });
  }

  it('reports who has done what to whom, and what the use case reports, with numbers instead of names', async () => {
    const { username } = await server.registerAndSignIn('hugo');
    const { events } = await user(`set-password ${username}`, password);
    const own = events.map(
      ({ level: _level, time: _time, pid: _pid, hostname: _host, msg: _msg, ...rest }) => rest,
    );
    const userId = own[0]?.['userId'];
    expect(userId).to.be.a('number');
    expect(own).to.deep.equal([
      { event: 'password_changed', userId, by: 'operator' },
      { event: 'session_ended', userId, by: 'password' },
      { event: 'operator_act', operator: userInfo().username, act: 'user set-password', subject: username },
    ]);
  });

  it('reports the user who called sudo, and no name that somebody else puts there', async () => {
    const { username } = await server.registerAndSignIn('ida');
    const given = { environment: { ...environment, SUDO_USER: 'somebody' } };
    const { events } = await run(['user', 'activate', username], given);
    const expected = process.getuid?.() === 0 ? 'somebody' : userInfo().username;
    expect(events[0]).to.include({ event: 'operator_act', operator: expected });
  });

  it('reports nothing that was not done', async () => {
    expect((await user('deactivate nobody')).events).to.deep.equal([]);
  });

  it('reports an act in a line for people at a terminal', async () => {
    const { username } = await server.registerAndSignIn('jo');
    const text = await wholeScreen(`activate ${username}`);
    expect(text.match(/INFO/g)).to.have.length(1);
    expect(stripVTControlCharacters(text)).to.match(
      new RegExp(`INFO: An operator ran a command \\{.*"act":"user activate","subject":"${username}"\\}`),
    );
  });

  it('tells a prefix under which nobody ever was from a system whose users are deleted', async () => {
    const other = { ...environment, REDIS_KEY_PREFIX: 'other:' };
    const list = () => run(['user', 'list'], { environment: other });
    const { code, stdout, stderr } = await list();
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' });
    expect(stderr).to.match(/^hexado: No user was ever stored here\. .*prefix\?.*\n$/);
    await run(['user', 'create', 'ann'], { environment: other, input: password });
    await run(['user', 'delete', 'ann'], { environment: other });
    expect(await list()).to.include({ code: 0, stdout: '', stderr: '' });
  });

  it('needs no signing key, nor the file of keys', async () => {
    for (const keys of [{}, { SIGNING_KEYS_FILE: '/no/such/file' }]) {
      const given = { environment: { STORAGE: 'redis', REDIS_URL: redis.url, ...keys } };
      expect(await run(['user', 'list'], given)).to.include({ code: 0, stderr: '' });
    }
  });

  it('is rejected with the storage in memory', async () => {
    const ending = await run(['user', 'list'], { environment: { STORAGE: 'memory' } });
    expectRejection(ending, 78, /^STORAGE=memory: .* out of reach/);
  });

  it('ends soon, with one line, when Redis is unavailable', async function () {
    this.timeout(8_000);
    const gone = await RedisServer.start();
    await gone.stop();
    const ending = await run(['user', 'list'], { environment: { ...environment, REDIS_URL: gone.url } });
    expectRejection(ending, 69, /^The storage does not answer/);
  });

  it('names the setting when Redis rejects the password', async () => {
    const guarded = await RedisServer.start({ args: ['--requirepass', 'sesame'] });
    const url = guarded.url.replace('//', '//:hunter22@');
    const ending = await run(['user', 'list'], { environment: { ...environment, REDIS_URL: url } });
    await guarded.stop();
    expectRejection(
      ending,
      69,
      /^The storage does not answer \(WRONGPASS\)\. Check the credentials in REDIS_URL\.$/,
    );
  });

  describe('at a terminal', () => {
    it('prompts twice for the password without showing it', async () => {
      expect(await screen('create hugo', ['hugo: ', `${password}\r`], ['again: ', `${password}\r`])).to.match(
        /^Password for hugo: \r\nThe same again: \r\nUser hugo created with the id \d+\.\r\n$/,
      );
      expect(await signIn('hugo', password)).to.equal(200);
    });

    it('changes nothing if the two passwords differ', async () => {
      const another = 'Vw3-copper-Lantern\r';
      expect(await screen('create juli', ['juli: ', `${password}\r`], ['again: ', another])).to.equal(
        'Password for juli: \r\nThe same again: \r\nhexado: The two passwords differ. Nothing was changed.\r\n',
      );
      expect(await signIn('juli', password)).to.equal(401);
    });

    it('accepts a password that was corrected while it was typed', async () => {
      await server.call('POST', '/tasks/register/', { username: 'ines', password });
      const corrected = 'Vw3-copper-Lantrn\u007f\u007frx\u007fn\r';
      const again = 'Vw3-copper-Lantrn\r';
      expect(await screen('set-password ines', ['ines: ', corrected], ['again: ', again])).to.match(
        /^New password for ines: \r\nThe same again: \r\nPassword of ines set; all of their sessions have ended\.\r\n$/,
      );
      expect(await signIn('ines', 'Vw3-copper-Lantrn')).to.equal(200);
    });

    it('asks for no password for a name that it must reject', async () => {
      await user('create kim', password);
      expect(await screen('create kim')).to.equal(
        'hexado: username: A user with that username already exists.\r\n',
      );
      expect(await screen('set-password nobody')).to.equal('hexado: There is no user of this name.\r\n');
    });

    it('ends silently at Ctrl-C', async () => {
      expect(await screen('create juli', [': ', `${password}\u0003`])).to.equal('Password for juli: \r\n');
      expect(await signIn('juli', password)).to.equal(401);
    });

    it('takes Ctrl-D as an empty password', async () => {
      expect(await screen('create juli', [': ', '\u0004'])).to.equal(
        'Password for juli: \r\nhexado: password: This field may not be blank.\r\n',
      );
    });

    it('asks before it deletes a user, and says what they have', async () => {
      const lena = await server.registerAndSignIn('lena');
      await server.call('POST', '/tasks/create/', milk, lena.access);
      const question = `Delete ${lena.username} with 1 session and 1 task?`;
      for (const answer of ['n\r', '\r', '\u0004']) {
        const shown = await screen(`delete ${lena.username}`, ['[y/N] ', answer]);
        expect(shown)
          .to.include(question)
          .and.match(/hexado: Nothing was deleted\.\r\n$/);
      }
      expect(await sessionOf(lena)).to.deep.equal([200, 200]);
      const shown = await screen(`delete ${lena.username}`, ['[y/N] ', 'y\r']);
      expect(shown).to.match(/User \S+ deleted, with all of their sessions and tasks\.\r\n$/);
      expect(await signIn(lena.username, lena.password)).to.equal(401);
    });

    it('deletes a user without a question if it is told --yes', async () => {
      const mia = await server.registerAndSignIn('mia');
      expect(await screen(`delete ${mia.username} --yes`)).to.equal(
        `User ${mia.username} deleted, with all of their sessions and tasks.\r\n`,
      );
    });
  });
});
