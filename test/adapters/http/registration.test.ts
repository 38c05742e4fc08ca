import { expect } from 'chai';
import { BcryptPasswordHasher } from '../../../src/adapters/crypto/bcrypt-password-hasher.js';
import { expectResponse, invalidCredentials } from '../../support/responses.js';
import { bcryptThreads } from '../../support/comparison-costs.js';
import { claimsOf } from '../../support/json-web-token.js';
import { RunningServer } from '../../support/running-server.js';
import { withEachStorage } from '../../support/storages.js';

const registered = { message: 'User registered successfully' };
const strong = 'Xk9-fence-Orbit';

const nameCharacters =
  'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.';
const nameTaken = 'A user with that username already exists.';
const nameTooLong = 'Ensure this field has no more than 150 characters.';
const similar = 'The password is too similar to the username.';
const short = 'This password is too short. It must contain at least 8 characters.';
const common = 'This password is too common.';
const numeric = 'This password is entirely numeric.';

describe('registration', () => {
  withEachStorage((start) => {
    let server: RunningServer;
    before(async () => {
      server = await start();
    });
    after(() => server.stop());

    const register = (username: unknown, password: unknown = strong, more: object = {}) =>
      server.call('POST', '/tasks/register/', { username, password, ...more });
    const signIn = (username: string, password = strong) =>
      server.call('POST', '/api/token/', { username, password });

    async function expectSignedIn(username: string, password = strong): Promise<number> {
      const response = await signIn(username, password);
      expect(response.status).to.equal(200);
      return Number(claimsOf((response.json() as { access: string }).access)['user_id']);
    }

    it('accepts the example of the documentation', async () => {
      expectResponse(await register('jigyasnh', 'securepassword123'), 201, registered);
      await expectSignedIn('jigyasnh', 'securepassword123');
    });

    for (const [username, password] of [
      ['plain', strong],
      ['with.all@of+the-signs_', strong],
      ['42', strong],
      ['Straße', strong],
      ['日本語', strong],
      ['Ωμέγα', strong],
      ['٣٤٥', strong],
      ['Ⅷ', strong],
      ['𝔘𝔫𝔦', strong],
      ['x'.repeat(150), strong],
      ['𐐀'.repeat(150), strong],
      ['p128', `a7${'é-'.repeat(63)}`],
      ['astral-password', `a7${'😀'.repeat(126)}`],
      ['spaces-inside', 'correct horse'],
      ['eight', 'vbq2xk7p'],
      ['half-similar', 'half-xk9'],
      ['almost-numeric', '918273645x'],
      ['similar-but-for-a-part', 'zzyx-wvut-part'],
    ] as const) {
      it(`registers the name ${username.slice(0, 30)} with the password ${password.slice(0, 20)}`, async () => {
        expectResponse(await register(username, password), 201, registered);
        await expectSignedIn(username, password);
        expectResponse(await signIn(username, `${password}x`), 401, invalidCredentials);
      });
    }

    const rejections: readonly (readonly [username: unknown, password: unknown, body: object])[] = [
      ['a b', strong, { username: [nameCharacters] }],
      ['a/b', strong, { username: [nameCharacters] }],
      ['a\u200bb', strong, { username: [nameCharacters] }],
      ['a\u200db', strong, { username: [nameCharacters] }],
      ['\ufeffa', strong, { username: [nameCharacters] }],
      ['हि', strong, { username: [nameCharacters] }],
      ['😀', strong, { username: [nameCharacters] }],
      ['a\nb', strong, { username: [nameCharacters] }],
      ['__proto__\u0000', strong, { username: [nameCharacters, 'Null characters are not allowed.'] }],
      ['x'.repeat(151), strong, { username: [nameTooLong] }],
      ['𐐀'.repeat(151), strong, { username: [nameTooLong] }],
      [' '.repeat(151), strong, { username: ['This field may not be blank.'] }],
      ['!'.repeat(151), strong, { username: [nameCharacters, nameTooLong] }],
      [
        `${'!'.repeat(150)}\0\ud800`,
        strong,
        {
          username: [
            nameCharacters,
            nameTooLong,
            'Null characters are not allowed.',
            'Surrogate characters are not allowed: U+D800.',
          ],
        },
      ],
      [true, ['x'], { username: ['Not a valid string.'], password: ['Not a valid string.'] }],
      [null, null, { username: ['This field may not be null.'], password: ['This field may not be null.'] }],
      ['p', '', { password: ['This field may not be blank.'] }],
      ['p', ' \t\u3000 ', { password: ['This field may not be blank.'] }],
      ['p', 'y7'.repeat(65), { password: ['Ensure this field has no more than 128 characters.'] }],
      ['p', 'abc\0defgh', { password: ['Null characters are not allowed.'] }],
      ['p', 'abc\udfffdefgh', { password: ['Surrogate characters are not allowed: U+DFFF.'] }],
      ['a b', 'x', { username: [nameCharacters] }],
      ['a b', '', { username: [nameCharacters], password: ['This field may not be blank.'] }],
      // Password rules.
      ['p', 'vbq2xk7', { password: [short] }],
      ['p', '  vbq2xk7  ', { password: [short] }],
      ['p', '😀😀😀😀', { password: [short] }],
      ['p', 'password1', { password: [common] }],
      ['p', 'PassWord1', { password: [common] }],
      ['p', 'qwerty', { password: [short, common] }],
      ['p', 12345678, { password: [common, numeric] }],
      ['p', '91827364509182', { password: [numeric] }],
      ['p', '٩١٨٢٧٣٦٤٥٠٩', { password: [numeric] }],
      ['p', 'x', { password: [short, common] }],
      ['margarita', 'Margarita', { password: [similar, common] }],
      ['susan.calvin', 'calvin77', { password: [similar] }],
      ['susan.calvin', 'nivlacsu', { password: [similar] }],
      ['susan@robots+us', 'robots99', { password: [similar] }],
      ['1234567', '1234567', { password: [similar, short, common, numeric] }],
    ];
    for (const [username, password, body] of rejections) {
      it(`rejects the registration of ${JSON.stringify([username, password]).slice(0, 70)} with every reason`, async () => {
        expectResponse(await register(username, password), 400, body);
      });
    }

    it('rejects a registration without name and password', async () => {
      expectResponse(await server.call('POST', '/tasks/register/', {}), 400, {
        username: ['This field is required.'],
        password: ['This field is required.'],
      });
    });

    it('rejects a user name that is taken, with any password', async () => {
      await register('first-come', strong);
      expectResponse(await register('first-come', strong), 400, { username: [nameTaken] });
      expectResponse(await register('  first-come\n', 'x'), 400, { username: [nameTaken] });
      expectResponse(await register('first-come', null), 400, {
        username: [nameTaken],
        password: ['This field may not be null.'],
      });
      await expectSignedIn('first-come');
    });

    it('distinguishes upper and lower case in user names', async () => {
      expectResponse(await register('upper-or-lower'), 201, registered);
      expectResponse(await register('Upper-Or-Lower'), 201, registered);
      expect(await expectSignedIn('upper-or-lower')).to.not.equal(await expectSignedIn('Upper-Or-Lower'));
    });

    it('treats user names as equal if they have the same NFKC form', async () => {
      for (const [given, same] of [
        ['ｆｕｌｌｗｉｄｔｈ', 'fullwidth'],
        ['ﬁne', 'fine'],
        ['cafe\u0301', 'caf\u00e9'],
        ['Ⅳth', 'IVth'],
        ['x²', 'x2'],
      ] as const) {
        expectResponse(await register(given), 201, registered);
        expectResponse(await register(same), 400, { username: [nameTaken] });
        expectResponse(await register(given), 400, { username: [nameTaken] });
        expect(await expectSignedIn(given)).to.equal(await expectSignedIn(same));
      }
    });

    it('counts the characters of the normalised user name', async () => {
      expectResponse(await register('ﬃ'.repeat(50)), 201, registered);
      expectResponse(await register('ﬃ'.repeat(51)), 400, { username: [nameTooLong] });
      expectResponse(await register(`e\u0301${'y'.repeat(149)}`), 201, registered);
    });

    it('compares the password with the normalised user name', async () => {
      expectResponse(await register('ｍａｒｍａｌａｄｅ', 'marmalad9'), 400, { password: [similar] });
    });

    it('accepts a password with composed or decomposed accents', async () => {
      expectResponse(await register('accents', 'pa\u0301ssage-9x'), 201, registered);
      await expectSignedIn('accents', 'p\u00e1ssage-9x');
    });

    it('trims user name and password at registration and at sign-in', async () => {
      expectResponse(await register('\u00a0 trimmed\u2029', `\x1c${strong}\u3000`), 201, registered);
      await expectSignedIn('trimmed');
      await expectSignedIn(' trimmed ', ` ${strong}\t`);
    });

    it('registers and signs in users named like properties of Object.prototype', async () => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
        expectResponse(await signIn(name), 401, invalidCredentials);
        expectResponse(await register(name), 201, registered);
        await expectSignedIn(name);
      }
    });

    it('accepts whole numbers as user name, digit by digit', async () => {
      const body = `{"username":12345678901234567890123,"password":${JSON.stringify(strong)}}`;
      const headers = { 'Content-Type': 'application/json' };
      expectResponse(
        await server.send({ method: 'POST', path: '/tasks/register/', headers, body }),
        201,
        registered,
      );
      await expectSignedIn('12345678901234567890123');
      expectResponse(await register(0), 201, registered);
      await expectSignedIn('0');
    });

    it('ignores unknown fields of a registration', async () => {
      const more = {
        is_staff: true,
        is_superuser: true,
        is_active: false,
        id: 1,
        email: 'a@b.c',
        groups: [1],
      };
      expectResponse(await register('no-more-than-a-name', strong, more), 201, registered);
      const id = await expectSignedIn('no-more-than-a-name');
      expect(id).to.be.greaterThan(1);
      expect(await server.storage.users.find(id)).to.have.all.keys(
        'id',
        'username',
        'passwordHash',
        'active',
        'createdAt',
      );
    });

    it('registers one of a hundred concurrent requests for the same user name', async () => {
      const passwords = Array.from({ length: 100 }, (_, i) => `${strong}-${i}`);
      const responses = await Promise.all(passwords.map((password) => register('wanted', password)));
      const winner = responses.findIndex(({ status }) => status === 201);
      for (const [i, response] of responses.entries()) {
        if (i === winner) expectResponse(response, 201, registered);
        else expectResponse(response, 400, { username: [nameTaken] });
      }
      await expectSignedIn('wanted', passwords[winner]);
    });

    describe('followed by a sign-in', () => {
      before(() => register('signs-in'));

      it('returns the same response for an unknown name and a wrong password', async () => {
        expectResponse(await signIn('signs-in', 'wrong'), 401, invalidCredentials);
        expectResponse(await signIn('nobody', strong), 401, invalidCredentials);
        expectResponse(await signIn('Signs-In', strong), 401, invalidCredentials);
        expectResponse(await signIn('signs-in', strong.toUpperCase()), 401, invalidCredentials);
      });

      it('responds with 401 to any text as user name and password', async () => {
        for (const text of ['a b', '😀', 'x'.repeat(50_000), '%s', '*', "' or 1=1 --", '\r\nSET x 1'])
          expectResponse(await signIn(text, text), 401, invalidCredentials);
      });

      it('compares every character of a long password', async () => {
        const long = `${'k7-'.repeat(42)}y`;
        await register('long-password', long);
        await expectSignedIn('long-password', long);
        expectResponse(await signIn('long-password', `${long.slice(0, -1)}z`), 401, invalidCredentials);
      });
    });
  });
});

describe('closed registration', () => {
  let server: RunningServer;
  before(async () => {
    server = await RunningServer.start({ REGISTRATION: 'closed' });
  });
  after(() => server.stop());

  const body = { username: 'somebody', password: strong };

  it('responds with 403 to any body while registration is closed, and creates no user', async () => {
    const closed = { detail: 'Registration is closed.' };
    for (const each of [body, {}, []])
      expectResponse(await server.call('POST', '/tasks/register/', each), 403, closed);
    expectResponse(await server.call('POST', '/api/token/', body), 401, invalidCredentials);
  });

  it('checks credentials and method before it rejects a closed registration', async () => {
    expect((await server.call('POST', '/tasks/register/', body, 'garbage')).status).to.equal(401);
    expect((await server.call('GET', '/tasks/register/')).status).to.equal(405);
  });

  it('signs in users that the operator added while registration is closed', async () => {
    const passwordHash = await new BcryptPasswordHasher(4, bcryptThreads).hash(strong);
    await server.storage.users.add({ username: 'added', passwordHash, createdAt: 0 });
    const response = await server.call('POST', '/api/token/', { username: 'added', password: strong });
    expect(response.status).to.equal(200);
  });
});
