import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { expectResponse, expectParseError } from '../../support/responses.js';
import { chunked, RawConnection } from '../../support/raw-connection.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';

const json = 'application/json';
const form = 'application/x-www-form-urlencoded';
const limit = 1024 * 1024;
const tooLarge = { detail: 'Request body too large.' };
const required = { title: ['This field is required.'], description: ['This field is required.'] };

const task = (changes: object = {}) => ({
  id: 1,
  title: 't',
  description: 'd',
  status: 'pending',
  ...changes,
});
const unsupported = (contentType: string) => ({
  detail: `Unsupported media type "${contentType}" in request.`,
});

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('request bodies', () => {
  let server: RunningServer;
  let user: SignedIn;
  before(async () => {
    server = await RunningServer.start();
  });
  beforeEach(async () => {
    user = await server.registerAndSignIn();
  });
  after(() => server.stop());

  const send = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string | Buffer,
  ) =>
    server.send({
      method,
      path,
      headers: { Authorization: `Bearer ${user.access}`, ...headers },
      ...(body !== undefined && { body }),
    });
  const create = (contentType: string, body: string | Buffer) =>
    send('POST', '/tasks/create/', { 'Content-Type': contentType }, body);
  const createFromJson = (body: string | Buffer) => create(json, body);
  describe('types', () => {
    for (const type of [
      'application/json',
      'APPLICATION/JSON',
      'Application/Json; Charset=UTF-8',
      'application/json;',
      'application/json; charset',
      'application/json;charset="UTF-8"',
      'application/json ; charset=utf8',
      'application/json;version=1; q=0.5',
      'application/json; boundary=x; charset=utf-8',
      'application/json; not-a-charset=latin1',
      'application/json; x="; charset=latin1"',
      'application/json; x="\\"; charset=latin1"; charset=utf-8',
      'application/json; charset=utf-8; charset=latin1',
      'application/json; charset = utf-8 ',
      'application/json; charset=us-ascii',
      'application/json; charset=iso-8859-1',
      'application/json; charset="ISO-8859-1"',
    ]) {
      it(`reads a body of the type ${type} as JSON`, async () => {
        expectResponse(await create(type, '{"title":"t","description":"d"}'), 201, task());
      });
    }

    for (const type of [
      'application/x-www-form-urlencoded',
      'Application/X-WWW-Form-URLencoded;charset=utf-8',
      'application/x-www-form-urlencoded; x',
    ]) {
      it(`reads a body of the type ${type} as a form`, async () => {
        expectResponse(await create(type, 'title=t&description=d'), 201, task());
      });
    }

    for (const type of [
      'text/plain',
      'text/json',
      'application/jsonp',
      'application/vnd.api+json',
      'application/json5',
      'application/json, text/plain',
      'json',
      '*/*',
      ';',
      'charset=utf-8',
      'multipart/mixed; boundary=x',
      'multipart/form-data; charset=utf-16; boundary=x',
      'application/json; charset=utf-16',
      'application/json; charset=',
      'application/json; charset=__proto__',
      'application/json; charset=toString',
      'application/json; CHARSET="Latin1"',
      'application/x-www-form-urlencoded; charset=windows-1252',
      'application/"json"',
      '__proto__',
    ]) {
      it(`responds with 415 to a body of the type ${type}`, async () => {
        expectResponse(await create(type, '{"title":"t","description":"d"}'), 415, unsupported(type));
      });
    }

    it('responds with 415 to a body without a type', async () => {
      expectResponse(await send('POST', '/tasks/create/', {}, '{}'), 415, unsupported(''));
      expectResponse(await create('', '{}'), 415, unsupported(''));
    });

    it('accepts an empty body of any type', async () => {
      for (const type of [
        json,
        form,
        'text/plain',
        'multipart/form-data',
        'application/json; charset=latin1',
        'x',
        '',
      ]) {
        expectResponse(await create(type, ''), 400, required);
        const headers = { 'Content-Type': type, 'Content-Encoding': 'gzip' };
        expectResponse(await send('POST', '/tasks/create/', headers, ''), 400, required);
      }
      expectResponse(await send('POST', '/tasks/create/', {}), 400, required);
      expectResponse(await send('POST', '/tasks/create/', {}, ''), 400, required);
      await createFromJson('{"title":"t","description":"d"}');
      expectResponse(
        await send('PUT', '/tasks/1/update/', { 'Content-Type': 'text/plain' }, ''),
        200,
        task(),
      );
      expectResponse(await send('PUT', '/tasks/1/update/', {}), 200, task());
    });
  });

  describe('charsets', () => {
    for (const [type, body, title] of [
      [`${json}; charset=iso-8859-1`, latin1('{"title":"é\x80","description":"d"}'), 'é\x80'],
      [`${json}; charset=iso-8859-1`, '{"title":"é","description":"d"}', 'Ã©'],
      [`${json}; charset=us-ascii`, '{"title":"e\\u00e9","description":"d"}', 'eé'],
      [`${form}; charset=iso-8859-1`, latin1('title=é%E9+%80&description=d'), 'éé \x80'],
      [`${form}; charset=us-ascii`, latin1('title=aé%E9%41&description=d'), 'a\ufffd\ufffdA'],
      [`${form}; charset=utf-8`, 'title=é%C3%A9&description=d', 'éé'],
    ] as const) {
      it(`reads ${title} from a body of the type ${type}`, async () => {
        expectResponse(await create(type, body), 201, task({ title }));
      });
    }

    it('rejects JSON that is invalid in its charset', async () => {
      expectParseError(await create(`${json}; charset=us-ascii`, '{"title":"é","description":"d"}'));
      expectParseError(await create(`${json}; charset=utf-8`, latin1('{"title":"é","description":"d"}')));
    });
  });

  describe('JSON bodies', () => {
    for (const [text, kind] of [
      ['[]', 'list'],
      ['[{"title":"t","description":"d"}]', 'list'],
      ['"x"', 'str'],
      ['""', 'str'],
      ['1', 'int'],
      [' -0 ', 'int'],
      ['12345678901234567890', 'int'],
      ['1.5', 'float'],
      ['1e5', 'float'],
      ['1.0', 'float'],
      ['true', 'bool'],
      ['false', 'bool'],
    ] as const) {
      it(`rejects the JSON body ${text}, which is a ${kind}`, async () => {
        expectResponse(await createFromJson(text), 400, {
          non_field_errors: [`Invalid data. Expected a dictionary, but got ${kind}.`],
        });
      });
    }

    it('rejects the JSON body null', async () => {
      expectResponse(await createFromJson(' null '), 400, { non_field_errors: ['No data provided'] });
    });

    for (const [name, body] of [
      ['cut off', '{"title":"t"'],
      ['only blanks', ' \n'],
      ['followed by more', '{} {}'],
      ['NaN', '{"title":NaN}'],
      ['only NaN', 'NaN'],
      ['Infinity', '{"title":"t","description":"d","x":Infinity}'],
      ['-Infinity', '{"title":-Infinity}'],
      ['undefined', '{"title":undefined}'],
      ['a trailing comma', '{"title":"t",}'],
      ['single quotes', "{'title':'t'}"],
      ['no quotes', '{title:"t"}'],
      ['a comment', '{"title":"t"/**/}'],
      ['a number with a leading zero', '{"title":01}'],
      ['a hexadecimal number', '{"title":0x10}'],
      ['a number with a plus', '{"title":+1}'],
      ['a number without digits', '{"title":-}'],
      ['a line break in a text', '{"title":"a\nb"}'],
      ['an unknown escape', '{"title":"\\x41"}'],
      ['half an escape', '{"title":"\\u00"}'],
      ['a byte order mark', '\ufeff{"title":"t","description":"d"}'],
      ['a form', 'title=t&description=d'],
      ['HTML', '<html></html>'],
      ['a byte that is not UTF-8', Buffer.from('{"title":"\xff","description":"d"}', 'latin1')],
      ['an overlong encoding', Buffer.from('{"title":"\xc0\x80","description":"d"}', 'latin1')],
      ['an encoded surrogate', Buffer.from('{"title":"\xed\xa0\x80","description":"d"}', 'latin1')],
      ['a character cut in two', Buffer.from('{"title":"t","description":"d","x":"\xe2\x82"}', 'latin1')],
      ['UTF-16', Buffer.from('{"title":"t","description":"d"}', 'utf16le')],
      ['only null bytes', Buffer.alloc(100)],
    ] as const) {
      it(`rejects malformed JSON: ${name}`, async () => {
        expectParseError(await createFromJson(body));
      });
    }

    for (const [name, body, expected] of [
      ['the last of two equal keys', '{"title":"x","description":"d","title":"t"}', task()],
      [
        'the last of two equal keys, one escaped',
        '{"title":"x","description":"d","t\\u0069tle":"t"}',
        task(),
      ],
      ['no unknown keys', '{"title":"t","description":"d","Title":"x","STATUS":"x","":1}', task()],
      ['escapes', '{"title":"\\u0041\\/\\n\\ud83d\\ude00","description":"d"}', task({ title: 'A/\n😀' })],
      ['blanks around', '\r\n\t {"title" : "t" , "description":"d"}\n', task()],
    ] as const) {
      it(`accepts JSON with ${name}`, async () => {
        expectResponse(await createFromJson(body), 201, expected);
      });
    }

    it('protects object prototypes from JSON keys (prototype pollution)', async () => {
      for (const key of ['__proto__', '\\u005f_proto__', 'constructor', 'prototype']) {
        const value =
          '{"title":"x","description":"x","status":"completed","prototype":{"status":"completed"}}';
        expectResponse(await createFromJson(`{"${key}":${value}}`), 400, required);
      }
      expectResponse(
        await createFromJson('{"__proto__":{"status":"completed"},"title":"t","description":"d"}'),
        201,
        task(),
      );
      expect(({} as { status?: unknown }).status).to.equal(undefined);
      for (const status of ['__proto__', 'constructor', 'toString', '0', 'length']) {
        expectResponse(await createFromJson(`{"title":"t","description":"d","status":"${status}"}`), 400, {
          status: [`"${status}" is not a valid choice.`],
        });
      }
    });

    it('responds with 400 to any JSON value that is not a valid status', async () => {
      for (const status of [
        '1',
        '1.5',
        '[]',
        '{}',
        'true',
        '["pending"]',
        '{"a":[null]}',
        '12345678901234567890',
      ]) {
        const response = await createFromJson(`{"title":"t","description":"d","status":${status}}`);
        expect(response.status).to.equal(400);
        expect(response.text).to.match(/^\{"status":\[".* is not a valid choice\."\]\}$/);
      }
    });

    for (const [number, text] of [
      ['0', '0'],
      ['-0', '0'],
      ['42', '42'],
      ['-42', '-42'],
      ['1.50', '1.5'],
      ['1.0', '1'],
      ['1e2', '100'],
      ['1E-7', '1e-7'],
      ['1e21', '1e+21'],
      ['1e-400', '0'],
      ['9007199254740991', '9007199254740991'],
      ['9007199254740993', '9007199254740993'],
      ['-9007199254740993', '-9007199254740993'],
      ['12345678901234567', '12345678901234567'],
      ['9'.repeat(255), '9'.repeat(255)],
      [`-${'9'.repeat(254)}`, `-${'9'.repeat(254)}`],
    ] as const) {
      it(`accepts the number ${number.slice(0, 20)} as a text`, async () => {
        expectResponse(
          await createFromJson(`{"title":${number},"description":"d"}`),
          201,
          task({ title: text }),
        );
      });
    }

    it('limits the digits of a number like the characters of a text', async () => {
      expectResponse(await createFromJson(`{"title":${'9'.repeat(256)},"description":"d"}`), 400, {
        title: ['Ensure this field has no more than 255 characters.'],
      });
    });

    it('accepts numbers of up to 4300 digits', async () => {
      for (const digits of ['7'.repeat(4300), `-${'7'.repeat(4300)}`]) {
        const response = await createFromJson(`{"title":"t","description":${digits}}`);
        expect((response.json() as { description: string }).description).to.equal(digits);
      }
    });

    it('rejects numbers out of range, even in unknown fields', async () => {
      for (const number of [
        '7'.repeat(4301),
        `-${'7'.repeat(4301)}`,
        '7'.repeat(50_000),
        '1e400',
        '-1E+400',
        '1e99999',
        '0.1e310',
      ])
        for (const field of ['title', 'ignored'])
          expectParseError(await createFromJson(`{"description":"d","${field}":${number}}`));
    });

    it('leaves numbers within texts and keys unchanged', async () => {
      const title = '12345678901234567 1e400 "-99999999999999999999" \\ 7e999';
      const body = JSON.stringify({ '12345678901234567890': 1, title, description: '1e400,"x":1e400' });
      const response = await createFromJson(body.replace(':1,', ':12345678901234567890,'));
      expectResponse(response, 201, task({ title, description: '1e400,"x":1e400' }));
    });

    it('accepts texts that are all escapes next to a huge number', async () => {
      for (const text of ['"'.repeat(50_000), '\\'.repeat(50_000), '\\"'.repeat(25_000)]) {
        const body = JSON.stringify({ title: 't', description: `.${text}`, n: 1 });
        const response = await createFromJson(body.replace(/1\}$/, '12345678901234567}'));
        expectResponse(response, 201, response.json());
        expect((response.json() as { description: string }).description).to.equal(`.${text}`);
      }
    });

    it('accepts JSON nested 900 levels deep, and rejects it far deeper', async () => {
      expectResponse(await createFromJson(nested(900, '[', ']')), 201, task());
      expectResponse(await createFromJson(nested(900, '{"a":', '}')), 201, task({ id: 2 }));
      expectParseError(await createFromJson(nested(50_000, '[', ']')));
      expectParseError(await createFromJson(nested(15_000, '{"a":', '}')));
      expectParseError(await createFromJson('['.repeat(100_000)));
      expectParseError(await createFromJson('{"a":'.repeat(20_000)));
    });

    it('accepts JSON with 10,000 unknown values, and rejects more', async () => {
      expectResponse(await createFromJson(listOf(9_999)), 201, task());
      expectParseError(await createFromJson(listOf(10_000)));
      expectParseError(await createFromJson(`{"title":"t","description":"d"${',"x":1'.repeat(10_000)}}`));
    });

    it('accepts any commas and brackets within JSON texts', async () => {
      const description = ',"[{'.repeat(50_000);
      const response = await createFromJson(JSON.stringify({ title: 't', description }));
      expectResponse(response, 201, task({ description }));
    });

    it('rejects arrays as task fields, however deeply nested', async () => {
      for (const levels of [1, 900]) {
        const value = `${'['.repeat(levels)}${']'.repeat(levels)}`;
        const response = await createFromJson(`{"title":${value},"description":${value},"status":${value}}`);
        expectResponse(response, 400, {
          title: ['Not a valid string.'],
          description: ['Not a valid string.'],
          status: [`"${value}" is not a valid choice.`],
        });
      }
    });
  });

  describe('form bodies', () => {
    for (const [body, expected] of [
      ['title=x&description=d&title=t', task()],
      ['title=a+b%20c%2B&description=%C3%A9%F0%9F%98%80', task({ title: 'a b c+', description: 'é😀' })],
      ['title=%zz%4&description=%', task({ title: '%zz%4', description: '%' })],
      ['title=a%FFb&description=%C3', task({ title: 'a\ufffdb', description: '\ufffd' })],
      ['title=null&description=1', task({ title: 'null', description: '1' })],
      ['title=a;b&description=a=b', task({ title: 'a;b', description: 'a=b' })],
      ['&&title=t&&description=d&', task()],
      ['?title=x&title=t&description=d', task()],
      ['title=%4&title=t%2&description=%e9%%%41', task({ title: 't%2', description: '\ufffd%%A' })],
      ['title=t&description=d&status=completed', task({ status: 'completed' })],
      ['title=t&description=d&status=', task()],
      ['title=t&description=d&status', task()],
      ['title=t&description=d&status=completed&status=', task()],
      ['title=t&description=d&__proto__=x&constructor=x&__proto__[status]=completed', task()],
      ['ti%74le=t&description=d&title[]=x&title.x=x&TITLE=x', task()],
      [
        'title=12345678901234567890&description=1e400',
        task({ title: '12345678901234567890', description: '1e400' }),
      ],
    ] as const) {
      it(`accepts the form ${body}`, async () => {
        expectResponse(await create(form, body), 201, expected);
      });
    }

    for (const [body, expected] of [
      [
        'title=&description',
        { title: ['This field may not be blank.'], description: ['This field may not be blank.'] },
      ],
      [
        'title=t&title=&description=+',
        { title: ['This field may not be blank.'], description: ['This field may not be blank.'] },
      ],
      ['{"title":"t","description":"d"}', required],
      ['=t&=d', required],
      ['?title=t&description=d', { title: ['This field is required.'] }],
      ['title=%00&description=d', { title: ['Null characters are not allowed.'] }],
      ['title=t&description=d&status=%20pending', { status: ['" pending" is not a valid choice.'] }],
      ['__proto__=t', required],
    ] as const) {
      it(`rejects the form ${body}`, async () => {
        expectResponse(await create(form, body), 400, expected);
      });
    }

    it('accepts a form with 1,000 fields, and rejects more', async () => {
      expectResponse(await create(form, formOf(1000)), 201, task());
      expectResponse(await create(form, formOf(1001)), 400, { detail: 'Too many fields in the form.' });
    });

    it('updates a task from a form, and ignores an empty status', async () => {
      await create(form, 'title=t&description=d&status=completed');
      const update = (body: string) => send('PUT', '/tasks/1/update/', { 'Content-Type': form }, body);
      expectResponse(await update('title=new&status='), 200, task({ title: 'new', status: 'completed' }));
      expectResponse(await update('other=1'), 200, task({ title: 'new', status: 'completed' }));
      expectResponse(await update('status=pending'), 200, task({ title: 'new' }));
      expectResponse(await update('title='), 400, { title: ['This field may not be blank.'] });
    });
  });

  it('ignores the body of GET, HEAD, OPTIONS and DELETE requests for tasks', async () => {
    const headers = { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' };
    await createFromJson('{"title":"t","description":"d"}');
    for (const body of ['{', 'x'.repeat(2 * limit)]) {
      expectResponse(await send('GET', '/tasks/', headers, body), 200, [task()]);
      expectResponse(await send('GET', '/tasks/1/', headers, body), 200, task());
      expect((await send('HEAD', '/tasks/1/', headers, body)).status).to.equal(200);
      expect((await send('OPTIONS', '/tasks/create/', headers, body)).status).to.equal(204);
    }
    expectResponse(await send('DELETE', '/tasks/1/delete/', headers, 'x'.repeat(2 * limit)), 200, {
      message: 'Task deleted successfully',
    });
  });

  describe('on a keep-alive connection', () => {
    let connection: RawConnection;
    beforeEach(async () => {
      connection = await RawConnection.open(server.port);
    });
    afterEach(() => connection.close());

    const post = (headers: readonly string[], body: string) =>
      connection.sendRequest(
        ['POST /tasks/create/ HTTP/1.1', 'Host: x', `Authorization: Bearer ${user.access}`, ...headers],
        body,
      );
    const withLength = (body: string) => [`Content-Type: ${json}`, `Content-Length: ${body.length}`];
    const inChunks = [`Content-Type: ${json}`, 'Transfer-Encoding: chunked'];

    /** Expects that the connection can be reused, by sending one more request. */
    async function expectStillUsable(): Promise<void> {
      const body = '{"title":"next","description":"d"}';
      post(withLength(body), body);
      const response = await connection.response();
      const { id } = JSON.parse(response.text) as { id: number };
      expectResponse(response, 201, task({ id, title: 'next' }));
    }

    it('reads a chunked body', async () => {
      post(inChunks, chunked('{"title":', '"t"', ',"description":"d"}'));
      expectResponse(await connection.response(), 201, task());
      await expectStillUsable();
    });

    it('reads chunks that split a character', async () => {
      post(inChunks, chunked('{"title":"\xc3', '\xa9","description":"d"}'));
      expectResponse(await connection.response(), 201, task({ title: 'é' }));
    });

    it('reads chunks with extensions and a trailer that arrive separately', async () => {
      post(inChunks, '5;name=value\r\n{"tit\r\n');
      connection.send('15\r\nle":"t","description"\r\n');
      connection.send('5\r\n:"d"}\r\n0\r\nX-Trailer: x\r\n\r\n');
      expectResponse(await connection.response(), 201, task());
      await expectStillUsable();
    });

    it('accepts 1,000 chunks of one byte, and rejects 2,000', async () => {
      const body = bodyOf(1000);
      post(inChunks, chunked(...body.split('')));
      expectResponse(await connection.response(), 201, task(JSON.parse(body) as object));
      post(inChunks, chunked(...bodyOf(2000).split('')));
      expectResponse(await connection.response(), 400, { detail: 'Request body in too many chunks.' });
    });

    it('reads a megabyte in many chunks', async () => {
      const body = bodyOf(limit);
      post(inChunks, chunked(...(body.match(/.{1,128}/g) ?? [])));
      expectResponse(await connection.response(), 201, task(JSON.parse(body) as object));
      await expectStillUsable();
    });

    it('treats a chunked body without chunks as empty, whatever its type', async () => {
      for (const types of [[`Content-Type: ${json}`], ['Content-Type: text/plain'], []]) {
        post([...types, 'Transfer-Encoding: chunked'], chunked());
        expectResponse(await connection.response(), 400, required);
      }
      await expectStillUsable();
    });

    it('responds with 415 to chunks of an unsupported type', async () => {
      post(['Content-Type: text/plain', 'Transfer-Encoding: chunked'], chunked('x'));
      expectResponse(await connection.response(), 415, unsupported('text/plain'));
      await expectStillUsable();
    });

    for (const [name, compress] of [
      ['gzip', gzipSync],
      ['GZIP', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['gzip, identity', gzipSync],
      ['zstd', (text: string) => Buffer.from(text)],
    ] as const) {
      it(`responds with 415 to the Content-Encoding ${name}`, async () => {
        const body = compress('{"title":"t","description":"d"}').toString('latin1');
        post([...withLength(body), `Content-Encoding: ${name}`], body);
        const response = await connection.response();
        const { detail } = JSON.parse(response.text) as { detail: string };
        expectResponse(response, 415, { detail });
        await expectStillUsable();
      });
    }

    it('accepts the Content-Encoding identity', async () => {
      const body = '{"title":"t","description":"d"}';
      post([...withLength(body), 'Content-Encoding: identity'], body);
      expectResponse(await connection.response(), 201, task());
    });

    for (const [bytes, isRead] of [
      [limit - 1, true],
      [limit, true],
      [limit + 1, false],
      [50 * limit, false],
    ] as const) {
      it(`${isRead ? 'accepts' : 'rejects'} a body of ${bytes} bytes`, async () => {
        const body = bodyOf(bytes);
        expect(body.length).to.equal(bytes);
        post(withLength(body), body);
        const whole = await connection.response();
        await expectStillUsable();

        const halves = [body.slice(0, body.length / 2), body.slice(body.length / 2)];
        post(inChunks, chunked(...halves));
        const inHalves = await connection.response();
        await expectStillUsable();

        for (const response of [whole, inHalves]) {
          if (isRead) expect(response.status).to.equal(201);
          else expectResponse(response, 413, tooLarge);
        }
      });
    }

    it('responds with 413 to a large Content-Length before the body arrives', async () => {
      post([`Content-Type: ${json}`, `Content-Length: ${limit + 1}`], '');
      expectResponse(await connection.response(), 413, tooLarge);
    });

    it('checks the type of a body before its size, with a length or in chunks', async () => {
      const body = bodyOf(limit + 1);
      for (const type of ['text/plain', 'application/json; charset=latin1', 'multipart/mixed; boundary=x']) {
        post([`Content-Type: ${type}`, `Content-Length: ${body.length}`], body);
        expectResponse(await connection.response(), 415, unsupported(type));
        await expectStillUsable();
        post([`Content-Type: ${type}`, 'Transfer-Encoding: chunked'], chunked(body));
        expectResponse(await connection.response(), 415, unsupported(type));
        await expectStillUsable();
      }
    });

    it('responds with 415 before the body arrives', async () => {
      post(['Content-Type: text/plain', 'Content-Length: 10'], '');
      expectResponse(await connection.response(), 415, unsupported('text/plain'));
    });

    it('responds with 415 after the first chunk', async () => {
      post(['Content-Type: text/plain', 'Transfer-Encoding: chunked'], '1\r\nx\r\n');
      expectResponse(await connection.response(), 415, unsupported('text/plain'));
    });
  });

  describe('with a BODY_LIMIT of 16 MB', () => {
    let generous: RunningServer;
    let owner: SignedIn;
    before(async () => {
      generous = await RunningServer.start({ BODY_LIMIT: '16mb' });
      owner = await generous.registerAndSignIn();
    });
    after(() => generous.stop());

    for (const [name, filling] of [
      ['letters', 'a'],
      ['digits', '1'],
      ['quotes', '\\"'],
      ['backslashes', '\\\\'],
      ['brackets', '['],
    ] as const) {
      it(`reads ten megabytes of ${name} next to a huge number`, async () => {
        const text = filling.repeat(10_000_000 / filling.length);
        const body = `{"ignored":"${text}","title":12345678901234567,"description":"d"}`;
        const response = await generous.send({
          method: 'POST',
          path: '/tasks/create/',
          headers: { 'Content-Type': json, Authorization: `Bearer ${owner.access}` },
          body,
        });
        expect(response.status).to.equal(201);
        expect((response.json() as { title: string }).title).to.equal('12345678901234567');
      });
    }
  });
});

/** A JSON task of exactly this many bytes. */
function bodyOf(bytes: number): string {
  const empty = '{"title":"t","description":""}';
  return empty.replace('""', `"${'d'.repeat(bytes - empty.length)}"`);
}

/** A task with an unknown field that is nested this deep. */
function nested(levels: number, open: string, close: string): string {
  return `{"x":${open.repeat(levels)}1${close.repeat(levels)},"title":"t","description":"d"}`;
}

/** A task with an unknown field that is a list of this many objects. */
function listOf(length: number): string {
  return `{"title":"t","description":"d","x":[${Array(length).fill('{"a":1}').join()}]}`;
}

/** A task as a form with this many fields. */
function formOf(count: number): string {
  return `title=t&description=d${'&x'.repeat(count - 2)}`;
}
