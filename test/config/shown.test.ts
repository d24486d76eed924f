import { expect, test } from 'vitest';
import { shownConfig } from '../../src/config/shown.ts';
import { selfSigned } from '../support/certificate.ts';
import { leastRoutes, read } from './reading.ts';

const S = 'canary';

/** Every place of a config that is a secret or may hold one. */
test('no secret is shown, wherever it stands', () => {
  const { cert, key } = selfSigned();
  const grant = `tokenUrl: "https://id.example.com/t?key=${S}", clientId: abc`;
  const pem = JSON.stringify(key);
  const shown = shownConfig(
    read(`
listen: {clientToken: ${S}, tls: {cert: ${JSON.stringify(cert)}, key: ${pem}}}
admin: {clientToken: ${S}}
tokenStore: {redis: {url: "redis://user:${S}@localhost", encryptionKey: ${Buffer.alloc(32, S).toString('base64')}}}
egress: {proxy: "http://user:${S}@egress.example.com:3128"}
credentials:
  a: {${grant}, clientSecret: ${S}, request: {headers: {X-A: ${S}}, params: {p: ${S}}, query: {q: ${S}}}}
  b: {${grant}, type: refresh_token, clientSecret: ${S}, refreshToken: ${S}}
  c: {${grant}, type: password, clientSecret: ${S}, username: u, password: ${S}}
  d: {${grant}, type: token_exchange, clientSecret: ${S}, subjectToken: ${S}}
  e: {${grant}, type: jwt_bearer, clientSecret: ${S}, assertion: ${S}}
  f: {${grant}, clientAuth: private_key_jwt, privateKey: ${pem}}
  g: {type: static, token: ${S}}
  h: {type: api_key, value: ${S}, inject: {header: X-Key}}
  i: {type: basic, username: u, password: ${S}}
  j: {type: command, command: [printer, --password, ${S}], env: {PASSWORD: ${S}}}
routes:
  - {prefix: /a, upstream: "https://api.example.com", headers: {set: {X-B: ${S}}}, tls: {cert: ${JSON.stringify(cert)}, key: ${pem}}}
`),
  );
  const text = JSON.stringify(shown);
  expect(text).not.toContain(S);
  expect(text).not.toContain(Buffer.alloc(32, S).toString('base64'));
  expect(text).not.toContain('PRIVATE KEY');
  expect(shown).toMatchObject({
    listen: { clientToken: '[secret]', tls: { cert: '[PEM]', key: '[PEM]' } },
    egress: { https: { host: 'egress.example.com', port: 3128, authorization: '[secret]' } },
    credentials: {
      a: { clientId: 'abc', clientSecret: '[secret]', tokenUrl: 'https://id.example.com/t?[hidden]' },
      j: { command: [expect.stringContaining('printer'), '[hidden]', '[hidden]'], env: { PASSWORD: '[hidden]' } },
    },
  });
});

test('what is left out of the file is shown as it is in force', () => {
  expect(shownConfig(read(leastRoutes))).toMatchObject({
    listen: { host: '127.0.0.1', port: 8080 },
    admin: { port: 9090 },
    shutdown: { timeout: 20_000 },
    routes: [{ prefix: '/a', upstream: { origin: 'https://api.example.com' }, timeouts: { connect: 10_000 } }],
  });
});
