import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import {
  clientAddressReader,
  parseTrustedProxies,
  type ReadClientAddress,
} from '../../../src/adapters/http/request/client-address.js';
import { send } from '../../support/http-client.js';
import { RawConnection } from '../../support/raw-connection.js';

describe('the address of a client', () => {
  let server: Server;
  let port: number;
  let read: ReadClientAddress;
  before(async () => {
    server = createServer((request, response) => response.end(read(request))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close().closeAllConnections());

  /** Whom the server takes for the client of a request from 127.0.0.1, with these settings of TRUST_PROXY. */
  async function seen(trustProxy: string, forwardedFor?: string): Promise<string> {
    const trusted = parseTrustedProxies(trustProxy);
    if (trusted === undefined) throw new Error(`${trustProxy} is refused`);
    read = clientAddressReader(trusted);
    const headers = forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor };
    return (await send(port, { method: 'GET', path: '/', headers })).text;
  }

  it('is that of the connection where no proxy is trusted, whatever a header says', async () => {
    for (const header of [undefined, '203.0.113.9', '127.0.0.1, 203.0.113.9', 'x']) {
      expect(await seen('none', header)).to.equal('127.0.0.1');
    }
  });

  it('is that of the connection where another proxy is trusted', async () => {
    expect(await seen('10.0.0.0/8', '203.0.113.9')).to.equal('127.0.0.1');
  });

  const cases: readonly (readonly [
    what: string,
    trust: string,
    header: string | undefined,
    expected: string,
  ])[] = [
    ['what the one trusted proxy says', '1', '203.0.113.9', '203.0.113.9'],
    [
      'what the last trusted proxy says, not what came before',
      '1',
      '198.51.100.1, 203.0.113.9',
      '203.0.113.9',
    ],
    ['what two trusted proxies say', '2', '198.51.100.1, 203.0.113.9', '198.51.100.1'],
    [
      'what two trusted proxies say, not what came before',
      '2',
      '::1, 198.51.100.1,203.0.113.9',
      '198.51.100.1',
    ],
    ['the first there is where there are fewer proxies than are trusted', '3', '203.0.113.9', '203.0.113.9'],
    ['that of the connection where a trusted proxy says nothing', '1', undefined, '127.0.0.1'],
    ['what a proxy in a trusted range says', '127.0.0.0/8', '203.0.113.9', '203.0.113.9'],
    [
      'what the first proxy in a trusted range says',
      '127.0.0.1,10.0.0.0/8',
      '198.51.100.1, 10.1.2.3',
      '198.51.100.1',
    ],
    ['the last address that is in no trusted range', '127.0.0.1', '127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['IPv4 where it came as IPv6', '1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['IPv4 where it came as IPv6 in hexadecimal', '1', '::FFFF:cb00:7109', '203.0.113.9'],
    [
      'a trusted IPv4 range where the proxy came as IPv6',
      '127.0.0.1,10.0.0.1',
      '198.51.100.1, ::ffff:10.0.0.1',
      '198.51.100.1',
    ],
    ['the same text for the same address of IPv6', '1', '2001:DB8:0:0:0:0:0:01', '2001:db8::1'],
    ['the proxy that passes on what is no address', '1', 'unknown', '127.0.0.1'],
    ['the proxy that passes on a number', '1', '1', '127.0.0.1'],
    ['the proxy that passes on an odd zone', '1', 'fe80::1%a-b', '127.0.0.1'],
    ['an address without its port', '1', '203.0.113.9:49152', '203.0.113.9'],
    ['an address of IPv6 without its port', '1', '[2001:db8::1]:49152', '2001:db8::1'],
    ['an address of IPv6 without its brackets', '1', '[2001:db8::1]', '2001:db8::1'],
    ['IPv4 where it came as IPv6 with a port', '1', '[::ffff:203.0.113.9]:1', '203.0.113.9'],
    ['an address of IPv6 that could end in a port', '1', '2001:db8::1:4711', '2001:db8::1:4711'],
    [
      'a whole address of IPv6 before a port without brackets',
      '1',
      '2001:db8:1:2:3:4:5:6:4711',
      '2001:db8:1:2:3:4:5:6',
    ],
    ['an address as RFC 7239 writes it', '1', 'for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['an address that a tab stands before', '1', '\t203.0.113.9', '203.0.113.9'],
    [
      'what proxies say that are trusted with their ports',
      '127.0.0.1,10.0.0.0/8',
      '198.51.100.1:2, 10.1.2.3:4',
      '198.51.100.1',
    ],
    ['the proxy that passes on a port alone', '1', ':4711', '127.0.0.1'],
    ['the proxy that hides the client', '1', '_hidden:4711', '127.0.0.1'],
    ['the proxy that passes on too long a port', '1', '203.0.113.9:491520', '127.0.0.1'],
    ['the proxy that passes on an open bracket', '1', '[2001:db8::1', '127.0.0.1'],
    [
      'the last proxy that is known, where one passes on what is no address',
      '2',
      'x, 203.0.113.9',
      '203.0.113.9',
    ],
  ];
  for (const [what, trust, header, expected] of cases) {
    it(`is ${what}`, async () => {
      expect(await seen(trust, header)).to.equal(expected);
    });
  }

  it('is the same however many headers carry it', async () => {
    read = clientAddressReader(1);
    const connection = await RawConnection.open(port);
    const headers = ['198.51.100.1', '203.0.113.9'].map((address) => `X-Forwarded-For: ${address}`);
    connection.sendRequest(['GET / HTTP/1.1', 'Host: x', ...headers]);
    expect((await connection.response()).text).to.equal('203.0.113.9');
  });
});
