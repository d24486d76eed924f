/** An option that would do nothing is a fault: whoever wrote it expects something of it. */
import { expect, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { faultsOf, leastRoutes, mainCredential, withCredential, withProvider, withUpstream } from './reading.ts';

const { cert, key } = selfSigned();

test.each([
  ['ca', { ca: cert }],
  ['cert and key', { cert, key }],
  ['insecure', { insecure: true }],
  ['insecure, from the environment', { insecure: 'true' }],
])('tls towards a plain http upstream: %s', (_, tls) => {
  const more = `tls: ${JSON.stringify(tls)}`;
  expect(faultsOf(withUpstream('http://127.0.0.1:9', more))).toEqual([
    expect.stringContaining('routes[0].tls: is for an upstream with https'),
  ]);
  expect(faultsOf(withUpstream('https://127.0.0.1:9', more))).toEqual([]);
});

test.each(['tls: ', 'tls: {}', 'tls: {insecure: false}', 'tls: {ca: "", insecure: }'])('but not %s', (more) => {
  expect(faultsOf(withUpstream('http://127.0.0.1:9', more))).toEqual([]);
});

test('an encoding for Basic where there is none', () => {
  expect(faultsOf(withCredential('clientAuth: post, basicEncoding: raw'))).toEqual([
    expect.stringContaining('credentials.main.basicEncoding: is for clientAuth: basic'),
  ]);
  expect(faultsOf(withCredential('clientAuth: basic, basicEncoding: raw'))).toEqual([]);
  // The preset's encoding, which nobody spelt out, is no fault.
  expect(faultsOf(withProvider('podero', 'clientAuth: post'))).toEqual([]);
});

test('baseUrl beside tokenUrl', () => {
  expect(faultsOf(withProvider('nitro', 'tokenUrl: "https://other.example/t"'))).toEqual([
    expect.stringContaining('credentials.main.baseUrl: stands beside tokenUrl'),
  ]);
});

test.each(['nitro', 'podero', 'optty', 'spotnana'])('tokenUrl instead of the base URL of %s', (provider) => {
  for (const baseUrl of ['', 'baseUrl: , ', 'baseUrl: "", ']) {
    const source = `credentials: {main: {provider: ${provider}, ${baseUrl}tokenUrl: "https://other.example/t", clientId: a, clientSecret: b}}\n${leastRoutes}`;
    expect(mainCredential(source).tokenUrl).toBe('https://other.example/t');
  }
});
