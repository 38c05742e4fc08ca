import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import {
  clientAddressReader,
  parseTrustedProxies,
  type ReadClientAddress,
} from '../../../src/adapters/http/request/client-address.js';
import { send } from '../../support/http-client.js';
import { RawConnection } from '../../support/raw-connection.js';

describe('clientAddressReader', () => {
  let server: Server;
  let port: number;
  let read: ReadClientAddress;
  before(async () => {
    server = createServer((incoming, response) => response.end(read(incoming))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close().closeAllConnections());

  /** The client's address that the server reads from a request of 127.0.0.1 with this TRUST_PROXY. */
  async function seen(trustProxy: string, forwardedFor?: string): Promise<string> {
    const trusted = parseTrustedProxies(trustProxy);
    if (trusted === undefined) throw new Error(`${trustProxy} is invalid`);
    read = clientAddressReader(trusted);
    const headers = forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor };
    return (await send(port, { method: 'GET', path: '/', headers })).text;
  }

  it('the address of a client is that of the connection if no proxy is trusted, whatever X-Forwarded-For says', async () => {
    for (const header of [undefined, '203.0.113.9', '127.0.0.1, 203.0.113.9', 'x']) {
      expect(await seen('none', header)).to.equal('127.0.0.1');
    }
  });

  it('the address of a client is that of the connection if only other proxies are trusted', async () => {
    expect(await seen('10.0.0.0/8', '203.0.113.9')).to.equal('127.0.0.1');
  });

  const cases: readonly (readonly [
    what: string,
    trust: string,
    header: string | undefined,
    expected: string,
  ])[] = [
    ['the address from the one trusted proxy', '1', '203.0.113.9', '203.0.113.9'],
    [
      'the address from the last trusted proxy, not an earlier entry',
      '1',
      '198.51.100.1, 203.0.113.9',
      '203.0.113.9',
    ],
    ['the address from two trusted proxies', '2', '198.51.100.1, 203.0.113.9', '198.51.100.1'],
    [
      'the address from two trusted proxies, not an earlier entry',
      '2',
      '::1, 198.51.100.1,203.0.113.9',
      '198.51.100.1',
    ],
    ['the first entry if there are fewer proxies than trusted', '3', '203.0.113.9', '203.0.113.9'],
    ['that of the connection if a trusted proxy sends no header', '1', undefined, '127.0.0.1'],
    ['the address from a proxy in a trusted range', '127.0.0.0/8', '203.0.113.9', '203.0.113.9'],
    [
      'the address from the first of two proxies in trusted ranges',
      '127.0.0.1,10.0.0.0/8',
      '198.51.100.1, 10.1.2.3',
      '198.51.100.1',
    ],
    ['the last address that is in no trusted range', '127.0.0.1', '127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['IPv4 for an IPv4-mapped IPv6 address', '1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['IPv4 for an IPv4-mapped IPv6 address in hexadecimal', '1', '::FFFF:cb00:7109', '203.0.113.9'],
    [
      'the address from a trusted IPv4 proxy with an IPv4-mapped address',
      '127.0.0.1,10.0.0.1',
      '198.51.100.1, ::ffff:10.0.0.1',
      '198.51.100.1',
    ],
    ['the canonical form of an IPv6 address', '1', '2001:DB8:0:0:0:0:0:01', '2001:db8::1'],
    ['that of the proxy that forwards an invalid address', '1', 'unknown', '127.0.0.1'],
    ['that of the proxy that forwards a number', '1', '1', '127.0.0.1'],
    ['that of the proxy that forwards an invalid zone', '1', 'fe80::1%a-b', '127.0.0.1'],
    ['an address without its port', '1', '203.0.113.9:49152', '203.0.113.9'],
    ['an IPv6 address without its port', '1', '[2001:db8::1]:49152', '2001:db8::1'],
    ['an IPv6 address without its brackets', '1', '[2001:db8::1]', '2001:db8::1'],
    ['IPv4 for an IPv4-mapped IPv6 address with a port', '1', '[::ffff:203.0.113.9]:1', '203.0.113.9'],
    ['an IPv6 address that could end in a port', '1', '2001:db8::1:4711', '2001:db8::1:4711'],
    [
      'a full IPv6 address before a port without brackets',
      '1',
      '2001:db8:1:2:3:4:5:6:4711',
      '2001:db8:1:2:3:4:5:6',
    ],
    ['an address in the syntax of RFC 7239', '1', 'for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['an address after a tab', '1', '\t203.0.113.9', '203.0.113.9'],
    [
      'the address from trusted proxies with ports',
      '127.0.0.1,10.0.0.0/8',
      '198.51.100.1:2, 10.1.2.3:4',
      '198.51.100.1',
    ],
    ['that of the proxy that forwards only a port', '1', ':4711', '127.0.0.1'],
    ['that of the proxy that hides the client', '1', '_hidden:4711', '127.0.0.1'],
    ['that of the proxy that forwards a port with too many digits', '1', '203.0.113.9:491520', '127.0.0.1'],
    ['that of the proxy that forwards an open bracket', '1', '[2001:db8::1', '127.0.0.1'],
    ['that of the last known proxy if one forwards an invalid address', '2', 'x, 203.0.113.9', '203.0.113.9'],
  ];
  for (const [what, trust, header, expected] of cases) {
    it(`the address of a client is ${what}`, async () => {
      expect(await seen(trust, header)).to.equal(expected);
    });
  }

  it('the address of a client is the same in one or several X-Forwarded-For headers', async () => {
    read = clientAddressReader(1);
    const connection = await RawConnection.open(port);
    const headers = ['198.51.100.1', '203.0.113.9'].map((address) => `X-Forwarded-For: ${address}`);
    connection.sendRequest(['GET / HTTP/1.1', 'Host: x', ...headers]);
    expect((await connection.response()).text).to.equal('203.0.113.9');
  });

  describe('on a unix socket', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hexado-address-'));
    const socketPath = join(directory, 'socket');
    let onSocket: Server;
    before(async () => {
      onSocket = createServer((incoming, response) => response.end(read(incoming))).listen(socketPath);
      await once(onSocket, 'listening');
    });
    after(() => {
      onSocket.close().closeAllConnections();
      rmSync(directory, { recursive: true });
    });

    for (const [trust, forwardedFor, expected] of [
      ['1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
      ['2', '198.51.100.1, 203.0.113.9', '198.51.100.1'],
      ['10.0.0.0/8', '198.51.100.1, 10.0.0.7', '198.51.100.1'],
      ['10.0.0.0/8', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
      ['none', '203.0.113.9', 'unknown'],
      ['1', '', 'unknown'],
    ] as const) {
      it(`the address of a client is ${expected} with TRUST_PROXY=${trust} and ${forwardedFor || 'none'} forwarded`, async () => {
        read = clientAddressReader(parseTrustedProxies(trust) ?? 0, true);
        const address = await new Promise<string>((resolve, reject) => {
          const headers = { 'X-Forwarded-For': forwardedFor };
          request({ socketPath, headers, agent: false }, (response) => text(response).then(resolve, reject))
            .on('error', reject)
            .end();
        });
        expect(address).to.equal(expected);
      });
    }
  });
});
