/** A proxy whose upstream is itself would send each request round in circles. */
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { faultsOf } from './reading.ts';

/** What is wrong where the proxy listens there, and a route leads there. */
function faults(listen: string, upstream: string): string[] {
  const route = `{prefix: /a, upstream: ${JSON.stringify(upstream)}, plaintext: true}`;
  return faultsOf(`listen: {${listen}}\nroutes: [${route}]\n`);
}

const here = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));

test.each<[string, readonly string[]]>([
  ['', ['http://127.0.0.1:8080', 'http://localhost:8080/x', 'https://LOCALHOST.:8080', 'http://[::1]:8080/a']],
  ['', ['http://[0:0:0:0:0:0:0:1]:8080', 'http://0.0.0.0:8080', 'http://[::]:8080', 'http://127.1:8080']],
  ['', ['http://[::ffff:127.0.0.1]:8080', 'http://[::ffff:7f00:1]:8080']],
  ['port: 80', ['http://127.0.0.1', 'http://localhost:80/x']],
  ['port: 443', ['https://127.0.0.1', 'http://localhost:443']],
  ['host: localhost, port: 1', ['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1']],
  ['host: "::1", port: 1', ['http://localhost:1', 'http://[::1]:1']],
  ['host: 127.0.0.5, port: 1', ['http://127.0.0.5:1']],
  ['host: Proxy.Internal, port: 1, clientToken: x', ['http://proxy.internal:1']],
  ['host: 0.0.0.0, port: 1, clientToken: x', ['http://127.0.0.9:1', 'http://localhost:1', 'http://0.0.0.0:1']],
  ['host: "::ffff:127.0.0.1", port: 1, clientToken: x', ['http://127.0.0.1:1', 'http://localhost:1']],
  ['host: 0.0.0.0, port: 1, clientToken: x', ['http://[::ffff:127.0.0.9]:1']],
  ['host: "::", port: 1, clientToken: x', ['http://127.0.0.1:1', ...here.map((address) => `http://${address}:1`)]],
])('listening with {%s}, an upstream that is the same is a fault', (listen, upstreams) => {
  for (const upstream of upstreams)
    expect(faults(listen, upstream), upstream).toEqual([
      expect.stringMatching(/^proxy\.yaml:2:33 routes\[0\]\.upstream: is this proxy itself, .* would be right\)$/),
    ]);
});

test.each<[string, readonly string[]]>([
  ['', ['http://127.0.0.1:8081', 'http://127.0.0.2:8080', 'http://api.example.com:8080', 'https://127.0.0.1']],
  ['host: 127.0.0.5, port: 1', ['http://127.0.0.1:1', 'http://localhost:1']],
  ['host: "::1", port: 1', ['http://127.0.0.1:1']],
  ['host: 192.0.2.1, port: 1, clientToken: x', ['http://localhost:1', 'http://192.0.2.2:1']],
  ['host: 0.0.0.0, port: 1, clientToken: x', ['http://192.0.2.1:1', 'http://api.example.com:1']],
  ['port: 0', ['http://127.0.0.1:8080']],
  ['socket: /tmp/x.sock', ['http://127.0.0.1:8080']],
])('listening with {%s}, another is none', (listen, upstreams) => {
  for (const upstream of upstreams) expect(faults(listen, upstream), upstream).toEqual([]);
});

test('beside other faults it is told as well, where it can be told', () => {
  expect(faults('', 'http://localhost:8080/%zz')).toHaveLength(1);
  expect(faults('port: x', 'http://localhost:8080')).toHaveLength(1);
  expect(faultsOf('log: {level: x}\nroutes: [{prefix: /a, upstream: "http://localhost:8080"}]\n')).toHaveLength(2);
});

describe('a token endpoint that is a route of this proxy itself', () => {
  const told = (url: string, { key = 'tokenUrl', more = '' } = {}): string[] =>
    faultsOf(
      `credentials:
  a: {${key}: ${JSON.stringify(url)}, clientId: x, clientSecret: y}
  b: {type: api_key, value: z, inject: {header: X-Key}}
routes:
  - {prefix: /a, upstream: "https://a.example.com", credential: a}
  - {prefix: /a/id, upstream: "https://id.example.com", credential: b}
  - {prefix: /open, upstream: "https://id.example.com"}
${more}`,
    );
  const everything = '  - {prefix: /, upstream: "https://c.example.com", credential: a}\n';

  test.each(['http://127.0.0.1:8080/a', 'http://localhost:8080/a/token?x', 'http://[::1]:8080/a/idx'])(
    'and waits for that very token is a fault: %s',
    (url) => {
      expect(told(url)).toEqual([
        expect.stringMatching(
          /^proxy\.yaml:2:\d+ credentials\.a\.tokenUrl: is a route of this proxy itself .* would be right\)$/,
        ),
      ]);
    },
  );

  test.each([
    'http://127.0.0.1:8080/a/id/token',
    'http://127.0.0.1:8080/open/token',
    'http://127.0.0.1:8080/ab',
    'http://127.0.0.1:8081/a',
    'https://a.example.com/a',
  ])('but waits for none or another is not: %s', (url) => {
    expect(told(url)).toEqual([]);
  });

  test('is one by a route of everything, too', () => {
    expect(told('http://127.0.0.1:8080/token', { more: everything })).toHaveLength(1);
  });

  test.each<[string, string]>([
    ['http://127.0.0.1:8080/a', ''],
    ['http://localhost:8080/a/realm/', ''],
    ['http://127.0.0.1:8080', everything],
    ['http://127.0.0.1:8080/open', everything],
  ])('is one by way of its metadata, too: issuer %s', (issuer, more) => {
    expect(told(issuer, { key: 'issuer', more })).toEqual([
      expect.stringMatching(
        /^proxy\.yaml:2:\d+ credentials\.a\.issuer: is a route of this proxy itself .* authorization server would be right\)$/,
      ),
    ]);
  });

  const wellKnown = '  - {prefix: /.well-known, upstream: "https://id.example.com"}\n';
  test.each<[string, string]>([
    ['http://127.0.0.1:8080/a/id', ''],
    ['http://127.0.0.1:8080/open', ''],
    ['http://127.0.0.1:8080/none', ''],
    ['http://127.0.0.1:8081/a', everything],
    // What is asked first is answered there.
    ['http://127.0.0.1:8080/a', wellKnown],
  ])('is none where its metadata waits for none or another: issuer %s', (issuer, more) => {
    expect(told(issuer, { key: 'issuer', more })).toEqual([]);
  });
});
