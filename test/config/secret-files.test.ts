import { expect, test } from 'vitest';
import { secretFilesIn } from '../../src/config/secret-files.ts';
import { leastRoutes, read } from './reading.ts';

const PEM = '-----BEGIN PRIVATE KEY-----\n';

test('all files that are named for secrets are known by their paths, each once', () => {
  const written = {
    listen: { clientTokenFile: 'client-token', tls: { cert: 'cert.pem', key: 'key.pem' }, socket: 's.sock' },
    tokenStore: { redis: { url: 'redis://r', encryptionKeyFile: '/run/key' } },
    credentials: {
      a: { clientSecretFile: 'client-token', tls: { ca: 'ca.pem', cert: 'c.pem', key: PEM } },
      b: { type: 'file', path: 'token' },
      c: { type: 'command', command: ['x'], env: { path: 'no-secret' } },
      d: null,
      e: { serviceAccountFile: '', response: { path: 'no-secret' } },
    },
    routes: [{ prefix: '/a', upstream: 'https://a', tls: { key: '../route-key.pem' }, headers: { set: { key: 'x' } } }],
  };
  expect(secretFilesIn(written, '/etc/bearerway')).toEqual([
    '/etc/bearerway/client-token',
    '/etc/bearerway/key.pem',
    '/run/key',
    '/etc/bearerway/token',
    '/etc/route-key.pem',
  ]);
});

test('those of the environment, too', () => {
  const source = `credentials: {a: {type: file, path: "\${T}"}}\n${leastRoutes}`;
  expect(read(source, { T: '/run/token' }).secretFiles).toEqual(['/run/token']);
  expect(read(leastRoutes).secretFiles).toEqual([]);
});

test('a group that is within itself is walked through once', () => {
  const tls: Record<string, unknown> = { key: 'key.pem' };
  tls['tls'] = tls;
  expect(secretFilesIn({ routes: [{ tls }, { tls }] }, '/etc')).toEqual(['/etc/key.pem']);
});
