import { expect } from 'chai';
import { expectResponse } from '../../support/responses.js';
import type { WireResponse } from '../../support/http-client.js';
import { RunningServer, type SignedIn } from '../../support/running-server.js';

const type = 'multipart/form-data; boundary=XbX';
const required = { title: ['This field is required.'], description: ['This field is required.'] };
const noText = ['Not a valid string.'];
const end = '--XbX--\r\n';

const task = (changes: object = {}) => ({
  id: 1,
  title: 't',
  description: 'd',
  status: 'pending',
  ...changes,
});

/** A part. `parameters` follow the name, and `headers` the Content-Disposition. */
function part(name: string, value: string, { parameters = '', headers = '' } = {}): string {
  return `--XbX\r\nContent-Disposition: form-data; name="${name}"${parameters}\r\n${headers}\r\n${value}\r\n`;
}
function file(name: string, value = 'hello', filename = 'f.txt'): string {
  return part(name, value, {
    parameters: `; filename="${filename}"`,
    headers: 'Content-Type: text/plain\r\n',
  });
}
const whole = `${part('title', 't')}${part('description', 'd')}${end}`;

function form(fields: Readonly<Record<string, string>>): string {
  const parts = Object.entries(fields).map(([name, value]) => part(name, value));
  return parts.join('') + end;
}

const message = (text: string) => ({ message: text });

function expectRejected(response: WireResponse): void {
  const { detail } = response.json() as { detail: string };
  expect(detail).to.match(/^Multipart form parse error - ./);
  expectResponse(response, 400, { detail });
}

describe('multipart bodies', () => {
  let server: RunningServer;
  let user: SignedIn;
  before(async () => {
    server = await RunningServer.start();
  });
  beforeEach(async () => {
    user = await server.registerAndSignIn();
  });
  after(() => server.stop());

  const send = (method: string, path: string, body: string | Buffer, contentType = type) => {
    const headers = { Authorization: `Bearer ${user.access}`, 'Content-Type': contentType };
    return server.send({ method, path, headers, body });
  };
  const create = (body: string | Buffer, contentType?: string) =>
    send('POST', '/tasks/create/', body, contentType);

  it('accepts multipart bodies at every endpoint that reads a body', async () => {
    const credentials = { username: `multi.${user.username}`, password: user.password };
    expectResponse(
      await send('POST', '/tasks/register/', form(credentials)),
      201,
      message('User registered successfully'),
    );
    const tokens = (await send('POST', '/api/token/', form(credentials))).json() as SignedIn;
    user = { ...user, ...tokens };
    expect((await send('POST', '/api/token/refresh/', form({ refresh: user.refresh }))).status).to.equal(200);
    expectResponse(await send('POST', '/api/token/verify/', form({ token: user.access })), 200, {});
    expectResponse(await create(form({ title: 't', description: 'd', status: '' })), 201, task());
    expectResponse(
      await send('PUT', '/tasks/1/update/', form({ status: 'completed' })),
      200,
      task({ status: 'completed' }),
    );
    const passwords = { old_password: user.password, new_password: 'Xk9-other-Orbit' };
    expectResponse(
      await send('POST', '/api/password/change/', form(passwords)),
      200,
      message('Password changed successfully'),
    );
    expectResponse(
      await send('POST', '/api/logout/', form({ refresh: user.refresh })),
      200,
      message('Successfully logged out'),
    );
    user = {
      ...user,
      ...((
        await send('POST', '/api/token/', form({ ...credentials, password: 'Xk9-other-Orbit' }))
      ).json() as object),
    };
    expectResponse(
      await send('DELETE', '/api/account/', form({ password: 'Xk9-other-Orbit' })),
      200,
      message('Account deleted successfully'),
    );
  });

  it('reads a multipart body that fetch has encoded', async () => {
    const formData = new FormData();
    formData.set('title', 'Ünï 😀\r\nline');
    formData.set('description', 'd');
    const response = new Response(formData);
    const contentType = response.headers.get('content-type') ?? '';
    const body = Buffer.from(await response.arrayBuffer());
    expectResponse(await create(body, contentType), 201, task({ title: 'Ünï 😀\r\nline' }));
  });

  for (const [what, body, expected] of [
    ['text before the first part and after the last', `preamble\r\n${whole}epilogue\r\n--XbX`, task()],
    ['no line break at the end', whole.slice(0, -2), task()],
    [
      'the last of several values',
      part('title', 'x') + part('status', 'completed') + part('status', '') + whole,
      task(),
    ],
    [
      'ignored unknown parts',
      part('__proto__', 'x') + part('Title', 'x') + part('_charset_', 'x') + whole,
      task(),
    ],
    [
      'text that is not UTF-8',
      Buffer.from(part('title', 'a\xffb') + whole.slice(whole.indexOf('--XbX', 1)), 'latin1'),
      task({ title: 'a\ufffdb' }),
    ],
    [
      'line breaks and dashes in a text',
      `${part('title', 't\r\n--Xb\r\n--')}${part('description', 'd')}${end}`,
      task({ title: 't\r\n--Xb\r\n--' }),
    ],
    ['a name without quotes', whole.replace('"title"', 'title'), task()],
    ['a name in the encoding of RFC 5987', whole.replace('name="title"', "name*=UTF-8''t%69tle"), task()],
    ['a header on two lines', whole.replace('; name', ';\r\n name'), task()],
    ['headers in another case', whole.replaceAll('Content-Disposition', 'content-DISPOSITION'), task()],
    [
      'parts with their own type and charset',
      whole.replaceAll('\r\n\r\n', '\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n'),
      task(),
    ],
    [
      'parts of bytes',
      whole.replaceAll('\r\n\r\n', '\r\nContent-Type: application/octet-stream\r\n\r\n'),
      task(),
    ],
    ['an empty file name', whole.replace('"title"', '"title"; filename=""'), task()],
    ['unknown files', file('a') + file('b') + whole, task()],
    [
      'ignored parts without a name',
      `--XbX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XbX\r\n\r\nx\r\n--XbX\r\nx\r\n${whole}`,
      task(),
    ],
    [
      'another multipart in a part',
      part('x', '--in\r\n\r\n1\r\n--in--', { headers: 'Content-Type: multipart/mixed; boundary=in\r\n' }) +
        whole,
      task(),
    ],
  ] as const) {
    it(`accepts a multipart body with ${what}`, async () => {
      expectResponse(await create(body), 201, expected);
    });
  }

  for (const [contentType, boundary] of [
    ['Multipart/Form-Data; Boundary=XbX', 'XbX'],
    ['multipart/form-data; charset=utf-8; boundary="XbX"', 'XbX'],
    ['multipart/form-data; boundary="a;b \\"c\\\\"', 'a;b "c\\'],
    ["multipart/form-data; boundary=----WebKit+'()/:=?,.-_", "----WebKit+'()/:=?,.-_"],
    [`multipart/form-data; boundary=${'b'.repeat(201)}`, 'b'.repeat(201)],
    ['multipart/form-data; boundary=XbX; boundary=x', 'XbX'],
  ] as const) {
    it(`reads a multipart body of the type ${contentType}`, async () => {
      expectResponse(
        await create(
          whole.replaceAll('XbX', () => boundary),
          contentType,
        ),
        201,
        task(),
      );
    });
  }

  it('reads a multipart body in the charset of the Content-Type header', async () => {
    const body = Buffer.from(whole.replace('\r\nt\r\n', '\r\n\xe9\x80\r\n'), 'latin1');
    expectResponse(await create(body, `${type}; charset=iso-8859-1`), 201, task({ title: 'é\x80' }));
    expectResponse(
      await create(body, `${type}; charset=us-ascii`),
      201,
      task({ id: 2, title: '\ufffd\ufffd' }),
    );
  });

  for (const [encoding, value, title] of [
    ['base64', 'w4k9IQ==', 'É=!'],
    ['BASE64', 'w4\r\nk9 IQ==', 'É=!'],
    ['base64', 'not base64', 'not base64'],
    ['base64', 'YQ=a', 'YQ=a'],
    ['quoted-printable', '=C3=89', '=C3=89'],
    ['8bit', 'É', 'É'],
  ] as const) {
    it(`accepts a part with ${JSON.stringify(value)} in the transfer encoding ${encoding}`, async () => {
      const title64 = part('title', value, { headers: `Content-Transfer-Encoding: ${encoding}\r\n` });
      expectResponse(await create(title64 + part('description', 'd') + end), 201, task({ title }));
    });
  }

  it('rejects a multipart body with a file in place of a text', async () => {
    expectResponse(await create(file('title') + part('description', 'd') + end), 400, { title: noText });
    expectResponse(await create(file('title', '') + file('description') + end), 400, {
      title: noText,
      description: noText,
    });
    expectResponse(await create(file('title') + whole), 400, { title: noText });
    expectResponse(await create(`${whole.slice(0, -end.length)}${file('title', 'x', '.')}${end}`), 400, {
      title: noText,
    });
    const starred = part('title', 't', { parameters: "; filename*=UTF-8''%e2%82%ac.txt" });
    expectResponse(await create(starred + part('description', 'd') + end), 400, { title: noText });
    expect((await create(file('status') + whole)).status).to.equal(400);
  });

  it('reports each invalid field of a multipart body', async () => {
    expectResponse(await create(end), 400, required);
    expectResponse(await create(part('title', '') + part('description', ' ') + end), 400, {
      title: ['This field may not be blank.'],
      description: ['This field may not be blank.'],
    });
    expectResponse(await create(part('title', 'a\0b') + part('description', 'd') + end), 400, {
      title: ['Null characters are not allowed.'],
    });
  });

  for (const [contentType, boundary] of [
    ['multipart/form-data', 'None'],
    ['multipart/form-data; boundary', 'None'],
    ['multipart/form-data; boundary=', ''],
    ['multipart/form-data; boundary="a "', 'a '],
    ['multipart/form-data; boundary="a\tb"', 'a\tb'],
    [`multipart/form-data; boundary=${'b'.repeat(202)}`, 'b'.repeat(202)],
  ] as const) {
    it(`rejects the boundary of ${contentType.slice(0, 60)}`, async () => {
      expectResponse(await create(whole, contentType), 400, {
        detail: `Multipart form parse error - Invalid boundary in multipart: ${boundary}`,
      });
    });
  }

  for (const [what, body] of [
    ['another boundary', whole.replaceAll('XbX', 'YbY')],
    ['the boundary in another case', whole.replaceAll('XbX', 'xbx')],
    ['garbage', 'garbage'],
    ['JSON', '{"title":"t","description":"d"}'],
    ['another form', 'title=t&description=d'],
    ['only two dashes', '--'],
    ['null bytes', Buffer.alloc(100)],
    ['line breaks without carriage returns', whole.replaceAll('\r', '')],
    ['an end of one dash', whole.replace('--XbX--', '--XbX-')],
    ['1,001 parts', part('x', '1').repeat(999) + whole],
    ['100,000 parts', '--XbX\r\n\r\n'.repeat(100_000) + whole],
    [
      'headers of a part of more than 8 KiB',
      part('x', '1', { headers: `X: ${'x'.repeat(8 * 1024)}\r\n` }) + whole,
    ],
    ['a megabyte of headers', `--XbX\r\n${'x: y\r\n'.repeat(170_000)}\r\n1\r\n${whole}`],
  ] as const) {
    it(`rejects a multipart body with ${what}`, async () => {
      expectRejected(await create(body));
    });
  }

  it('accepts a multipart body with 1,000 parts', async () => {
    expectResponse(await create(part('x', '1').repeat(998) + whole), 201, task());
  });

  it('rejects a truncated multipart body wherever it is cut off', async () => {
    const body = file('file') + part('status', 'completed') + whole;
    const responses = await Promise.all(
      Array.from({ length: body.length - '--\r\n'.length }, (_, i) => create(body.slice(0, i + 1))),
    );
    for (const response of responses) expectRejected(response);
    expectResponse(await create(body), 201, task({ status: 'completed' }));
  });

  it('rejects a multipart body over the size limit with 413', async () => {
    const body = part('x', 'x'.repeat(1024 * 1024)) + whole;
    expectResponse(await create(body), 413, { detail: 'Request body too large.' });
  });

  it('accepts a multipart body up to the size limit', async () => {
    const description = 'd'.repeat(1_000_000);
    expectResponse(
      await create(part('title', 't') + part('description', description) + end),
      201,
      task({ description }),
    );
  });
});
