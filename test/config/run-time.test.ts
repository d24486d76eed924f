/** What a check lets pass does not break at run time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { faultsOf, leastRoutes, read, withCredential, withRoute, withUpstream } from './reading.ts';

test.each([
  ['credentials.main.request.timeout', withCredential('request: {timeout: V}')],
  ['routes[0].timeouts.connect', withRoute('timeouts: {connect: V}')],
  ['routes[0].timeouts.headers', withRoute('timeouts: {headers: V}')],
  ['routes[0].timeouts.idle', withRoute('timeouts: {idle: V}')],
  ['limits.headersTimeout', `limits: {headersTimeout: V}\n${leastRoutes}`],
  ['shutdown.delay', `shutdown: {delay: V}\n${leastRoutes}`],
  ['shutdown.timeout', `shutdown: {timeout: V}\n${leastRoutes}`],
])('%s is at most a day', (path, source) => {
  expect(faultsOf(source.replace('V', '24h'))).toEqual([]);
  for (const over of ['24.001h', '86400001ms', '999999999h'])
    expect(faultsOf(source.replace('V', over))).toEqual([expect.stringContaining(`${path}: is longer than 24h`)]);
});

test.each(['default', 'max', 'refreshBefore'])('lifetime.%s is at most 10000h', (key) => {
  expect(faultsOf(withCredential(`lifetime: {${key}: 10000h}`))).toEqual([]);
  expect(faultsOf(withCredential(`lifetime: {${key}: 10001h}`))).toEqual([
    expect.stringContaining(`credentials.main.lifetime.${key}: is longer than 10000h`),
  ]);
});

test.each([
  ['https://10.0.0.256', 'is not an address'],
  ['https://[::::]', 'is not an address'],
  ['https://1.2.3.4.5', 'is not an address'],
  ['https://a.example/ä', 'has a character in its path that has to be encoded'],
  ['https://a.example/{tenant}', 'has a character in its path that has to be encoded'],
  ['https://a.example/a"b', 'has a character in its path that has to be encoded'],
  ['https://a.example/a|b', 'has a character in its path that has to be encoded'],
  ['https://a.example/%zz', 'has a "%" that encodes nothing'],
  ['https://a.example/a%', 'has a "%" that encodes nothing'],
  ['https://a.example/%2e%2E/b', 'has a "." segment'],
  ['https://a.example/a%2f..', 'has a "." segment'],
  ['https://a.example/%00', 'has an encoded NUL'],
])('%s is no address of anything', (url, message) => {
  expect(faultsOf(withUpstream(url))).toEqual([expect.stringContaining(`routes[0].upstream: ${message}`)]);
  const credential = `credentials: {c: {tokenUrl: ${JSON.stringify(url)}, clientId: a, clientSecret: b}}\n`;
  expect(faultsOf(`${credential}${leastRoutes}`)).toEqual([
    expect.stringContaining(`credentials.c.tokenUrl: ${message}`),
  ]);
});

test.each(["https://a.example/A-z0_9.~!$&'()*+,;=:@/%20%C3%A4", 'https://[2001:db8::1]:8443/x', 'https://10.0.0.255'])(
  '%s is an address',
  (url) => expect(faultsOf(withUpstream(url))).toEqual([]),
);

test.each([
  ['/%2e%2e', 'has a "." segment'],
  ['/a/%2E', 'has a "." segment'],
  ['/a%2f..', 'has a "." segment'],
  ['/..;x', 'has a "." segment'],
  ['/%zz', 'has a "%" that encodes nothing'],
  ['/a%2', 'has a "%" that encodes nothing'],
])('%s is no prefix', (prefix, message) => {
  const source = `routes: [{prefix: "${prefix}", upstream: "https://a.example"}]`;
  expect(faultsOf(source)).toEqual([expect.stringContaining(`routes[0].prefix: ${message}`)]);
});

test.each(['/v1?x=*', '/v1#a', '/ä', '/a b', '/a\\b'])('%s is no pattern for paths', (pattern) => {
  expect(faultsOf(withRoute(`paths: [/ok/**, ${JSON.stringify(pattern)}]`))).toEqual([
    expect.stringContaining('routes[0].paths[1]: has a character that no path of a request has'),
  ]);
});

describe('certificates and keys are looked at', () => {
  const [one, two] = [selfSigned(), selfSigned()];
  const none = '-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n';
  const noKey = '-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n';
  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['right ones', { ca: one.cert + two.cert, cert: one.cert, key: one.key }, undefined],
    ['a ca that is none', { ca: none }, 'tls.ca: is no certificate in PEM'],
    ['a ca that is a key', { ca: one.key }, 'tls.ca: is no certificate in PEM'],
    ['a cert that is none', { cert: none, key: one.key }, 'tls.cert: is no certificate in PEM'],
    ['a key that is none', { cert: one.cert, key: noKey }, 'tls.key: is no private key in PEM'],
    ['a key of another', { cert: one.cert, key: two.key }, 'tls.key: is not the key of cert'],
  ])('%s', (_, tls, message) => {
    for (const source of [withRoute(`tls: ${JSON.stringify(tls)}`), withCredential(`tls: ${JSON.stringify(tls)}`)]) {
      const faults = faultsOf(source);
      expect(faults).toEqual(message === undefined ? [] : [expect.stringContaining(message)]);
      expect(faults.join()).not.toContain('Y2FuYXJ5');
    }
  });
});

describe('a client token is one that clients can send', () => {
  test.each(['a b', 'tökén', 'a\tb', ' a', 'a\n', 'a\nb'])('%j is none', async (token) => {
    const folder = await mkdtemp(join(tmpdir(), 'bearerway-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    expect(faultsOf(`listen: {clientToken: ${JSON.stringify(token)}}\n${leastRoutes}`)).toEqual([
      expect.stringContaining('listen.clientToken: is not a client token of visible ASCII'),
    ]);
    // One newline at its end is no part of a file's secret.
    await writeFile(join(folder, 'token'), `${token}\n`);
    expect(faultsOf(`listen: {clientTokenFile: token}\n${leastRoutes}`, {}, join(folder, 'proxy.yaml'))).toEqual([
      expect.stringContaining('listen.clientTokenFile: names a file that does not hold a client token'),
    ]);
  });

  test.each(['canary-client-token-9', '!~"{}', 'x'])('%j is one', async (token) => {
    const folder = await mkdtemp(join(tmpdir(), 'bearerway-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'token'), `${token}\r\n`);
    const source = `listen: {clientTokenFile: token}\n${leastRoutes}`;
    const { clientToken } = read(source, {}, join(folder, 'proxy.yaml')).listen;
    expect((await clientToken?.read())?.reveal()).toBe(token);
    expect(faultsOf(`listen: {clientToken: ${JSON.stringify(token)}}\n${leastRoutes}`)).toEqual([]);
  });
});
