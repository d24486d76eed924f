import { expect, test } from 'vitest';
import { namedFiles } from '../../src/config/named-files.ts';

test('the files of certificates, keys and authorities are named, wherever they stand', () => {
  const config = {
    listen: { tls: { cert: 'server.pem', key: '/run/key.pem', clientCa: 'ca.pem' } },
    egress: { ca: ['a.pem', '-----BEGIN CERTIFICATE-----', 'b.pem'] },
    credentials: {
      main: { clientSecretFile: 'secret', tls: { cert: 'client.pem', key: '-----BEGIN PRIVATE KEY-----' } },
    },
    routes: [
      { tls: { ca: 'ca.pem', insecure: false } },
      { tls: null, headers: { set: { key: 'not-a-file', tls: 'nor-this' } } },
    ],
  };
  expect(namedFiles(config, '/etc/b')).toEqual([
    ...['/etc/b/server.pem', '/run/key.pem', '/etc/b/ca.pem', '/etc/b/a.pem', '/etc/b/b.pem', '/etc/b/client.pem'],
  ]);
});

test.each([null, undefined, '', [], {}])('of %j there are none', (config) => {
  expect(namedFiles(config, '/etc')).toEqual([]);
});

test('a group that is within itself is walked through once', () => {
  const tls: Record<string, unknown> = { key: 'key.pem' };
  tls['tls'] = tls;
  expect(namedFiles({ routes: [{ tls }, { tls }] }, '/etc')).toEqual(['/etc/key.pem']);
});
