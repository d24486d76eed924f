/** A11, A12 Where names may lead: link-local and metadata addresses are called where the config names them, and by no name. */
import { describe, expect, test, vi } from 'vitest';
import { isNearby } from '../../src/lookup.ts';
import { startApi } from '../support/api.ts';
import { startEgressProxy } from '../support/egress-proxy.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';

/** What a resolver says of the names of this test, each time it is asked; and what it was asked. */
const names = vi.hoisted(() => new Map<string, string[]>());
const asked = vi.hoisted((): string[] => []);

vi.mock(import('node:dns'), async (original) => {
  const actual = await original();
  const lookup = (host: string, _: unknown, callback: (error: Error | null, found: object[]) => void): void => {
    asked.push(host);
    const found = (names.get(host) ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const error = found.length === 0 ? Object.assign(new Error(`unknown ${host}`), { code: 'ENOTFOUND' }) : null;
    setImmediate(() => callback(error, found));
  };
  // Ours asks in this one of its ways alone.
  return { ...actual, lookup: lookup as unknown as typeof actual.lookup };
});

function named(name: string, ...addresses: string[]): void {
  names.set(name, addresses);
}

/** A proxy with a route that leads there. */
function startFor(upstream: string, more: Readonly<Record<string, unknown>> = {}) {
  return startProxy({ routes: [{ prefix: '/api', upstream, plaintext: upstream.startsWith('http:') }], ...more });
}

test.each([
  '169.254.169.254',
  '169.254.0.1',
  '169.254.255.255',
  '100.100.100.200',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::169.254.169.254',
  '2002:a9fe:a9fe::1',
  'fe80::1',
  'FE80::1%eth0',
  'febf:ffff::1',
  'fd00:ec2::254',
  'fd00:0ec2:0::0254',
  'fd00:ec2::23',
  'fd00:ec2:ffff::1',
  'fd20:ce::254',
  '64:ff9b::100.100.100.200',
  '64:ff9b::6464:64c8',
  '192.0.0.192',
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '64:ff9b::192.0.0.192',
  '2002:a83f:8110::1',
  '::100.100.100.200',
])('%s is no address that a name may lead to', (address) => {
  expect(isNearby(address)).toBe(true);
});

test.each([
  ...['10.0.0.1', '172.16.0.1', '192.168.1.1', '127.0.0.1', '100.64.0.1', '0.0.0.0', '169.253.255.255', '169.255.0.0'],
  ...['192.0.0.191', '168.63.129.17', '64:ff9b::100.100.100.201', '2002:a83f:8111::1'],
  ...['::1', 'fd00::1', 'fd00:ec3::254', 'fec0::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2001:db8::a9fe:a9fe'],
])('%s, private or not, is one', (address) => {
  expect(isNearby(address)).toBe(false);
});

describe('A11 a name that leads there is not called', () => {
  test.each([
    ['169.254.169.254', 'http'],
    ['169.254.169.254', 'https'],
    ['::ffff:169.254.169.254', 'http'],
    ['fe80::1', 'https'],
    ['fd00:ec2::254', 'http'],
  ])('%s by %s', async (address, scheme) => {
    named('metadata.test', address, address);
    const proxy = await startFor(`${scheme}://metadata.test`);
    const { status, text, json } = await proxy.call('/api/x');
    expect([status, json()['code']]).toEqual([502, 'upstream_unreachable']);
    expect(text).not.toContain(address);
    const [line] = await proxy.served(1);
    expect(line?.['reason']).toContain(`metadata.test leads to ${address}, ${address}, of this link`);
    expect(line?.['reason']).toContain('put the address itself in place of the name');
  });

  test('nor for a token, nor to find out where to get one', async () => {
    named('id.test', '169.254.169.254');
    const common = { clientId: 'a', clientSecret: 'b' };
    const proxy = await startFor('http://127.0.0.1:9', {
      credentials: {
        one: { tokenUrl: 'https://id.test/t', ...common },
        two: { issuer: 'https://id.test', ...common },
      },
    });
    await proxy.told(/^no token could be had/, 2);
    const lines = proxy.log.filter(({ msg }) => /^no token could be had/.test(String(msg)));
    for (const line of lines) {
      expect(line['error']).toBe('token_unavailable');
      expect(line['reason']).toMatch(
        /cannot be reached: id\.test leads to 169\.254\.169\.254, .* put the address itself/,
      );
    }
    const ready = await fetch(`${proxy.adminUrl}/readyz`);
    expect(await ready.text()).not.toContain('169.254');
  });

  test.each(['http', 'https'])('nor as an egress proxy on the way to %s', async (scheme) => {
    named('proxy.test', '169.254.169.254');
    const proxy = await startFor(`${scheme}://api.test`, { egress: { proxy: 'http://proxy.test:3128' } });
    expect((await proxy.call('/api/x')).json()['code']).toBe('upstream_unreachable');
    const [line] = await proxy.served(1);
    expect(line?.['reason']).toContain('proxy.test leads to 169.254.169.254');
  });
});

test('a name that leads elsewhere as well is called there, and there alone', async () => {
  const api = await startApi();
  named('api.test', '169.254.169.254', '127.0.0.1', 'fe80::1');
  const proxy = await startFor(api.url.replace('127.0.0.1', 'api.test'));
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('A12 what is dialled is what was looked at: each connection asks once, and is refused when the answer has changed', async () => {
  const api = await startApi();
  named('api.test', '127.0.0.1');
  const proxy = await startFor(api.url.replace('127.0.0.1', 'api.test'));
  api.behave((_, response) => response.setHeader('Connection', 'close').end('ok'));
  expect((await proxy.call('/api/x')).status).toBe(200);
  named('api.test', '169.254.169.254');
  expect((await proxy.call('/api/x')).json()['code']).toBe('upstream_unreachable');
  named('api.test', '127.0.0.1');
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('an address that the config names is dialled as it stands: nothing is looked up, and so nothing refused', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  asked.length = 0;
  const proxy = await startProxy(oneRoute(api, provider));
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(asked).toEqual([]);
});

test('a token endpoint whose name leads to a private address is called', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  named('localhost', '127.0.0.1');
  const url = provider.url.replace('127.0.0.1', 'localhost');
  const proxy = await startProxy({
    credentials: { main: { ...credentialFor(provider), tokenUrl: url } },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
  });
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('an egress proxy by a name is called, and looks up the rest itself', async () => {
  const egress = await startEgressProxy();
  const api = await startApi();
  named('proxy.test', '127.0.0.1');
  egress.knows(`api.test:${new URL(api.url).port}`, api.url);
  const proxy = await startFor(api.url.replace('127.0.0.1', 'api.test'), {
    egress: { proxy: egress.url.replace('127.0.0.1', 'proxy.test') },
  });
  expect((await proxy.call('/api/x')).status).toBe(200);
});
