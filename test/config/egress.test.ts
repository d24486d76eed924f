import { expect, test } from 'vitest';
import { authorityOf, Egress, originOf } from '../../src/egress.ts';
import { EGRESS_PASSWORD, EGRESS_USER } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { faultsOf, leastRoutes, read } from './reading.ts';

function egressOf(written: string, env: Readonly<Record<string, string>> = {}) {
  return read(`egress: ${written}\n${leastRoutes}`, env).egress;
}

/** The way to an API with https, and to one with http. */
function ways(written: string, env: Readonly<Record<string, string>> = {}) {
  const egress = new Egress(egressOf(written, env));
  const [https, http] = ['https://api.example.com', 'http://api.example.com'].map((origin) => egress.proxyFor(origin));
  return { https: https && authorityOf(https), http: http && authorityOf(http) };
}

test.each([
  ['http://proxy.internal:3128', 'http://proxy.internal:3128'],
  ['http://proxy.internal', 'http://proxy.internal:80'],
  ['https://proxy.internal/', 'https://proxy.internal:443'],
  ['HTTP://Proxy.Internal:3128/', 'http://proxy.internal:3128'],
  ['http://10.0.0.1:3128', 'http://10.0.0.1:3128'],
  ['http://[2001:db8::1]:3128', 'http://[2001:db8::1]:3128'],
])('%s is the address of a proxy', (written, origin) => {
  const { http, https } = egressOf(JSON.stringify({ proxy: written }));
  expect([http && originOf(http), https && originOf(https)]).toEqual([origin, origin]);
  expect(https?.authorization).toBeUndefined();
});

test.each([
  [`${EGRESS_USER}:${encodeURIComponent(EGRESS_PASSWORD)}`, `${EGRESS_USER}:${EGRESS_PASSWORD}`],
  ['a:b:c', 'a:b:c'],
  ['a', 'a:'],
  [':b', ':b'],
])('its credentials are kept apart, and print nowhere: %s', (given, pair) => {
  const egress = egressOf(JSON.stringify({ proxy: `http://${given}@proxy.internal` }));
  expect(egress.https?.authorization?.reveal()).toBe(`Basic ${Buffer.from(pair).toString('base64')}`);
  expect(JSON.stringify(egress)).not.toContain(Buffer.from(pair).toString('base64'));
});

test.each([
  'proxy.internal:3128',
  'socks5://p:1080',
  'http://',
  'http://p:70000',
  'http://p:0',
  'http://p..internal:3128',
  'http://a b',
  'http://p/x',
  'http://p?x',
  'http://u:%zz@p',
  'http://a%3Ab:c@p',
  'http://10.0.0.256',
])('%s is none, and the message does not repeat it', (written) => {
  const [fault, ...more] = faultsOf(`egress: {proxy: ${JSON.stringify(written)}}\n${leastRoutes}`);
  expect(fault).toMatch(/^proxy.yaml:1:\d+ egress\.proxy: is not the address of a proxy \(such as http:/);
  expect(more).toEqual([]);
});

test.each([
  [{}, {}],
  [{ HTTPS_PROXY: 'http://s:1' }, { https: 's:1' }],
  [{ HTTP_PROXY: 'http://h:1' }, { http: 'h:1' }],
  [
    { HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://h:1' },
    { https: 's:1', http: 'h:1' },
  ],
  [{ https_proxy: 'http://low:1', HTTPS_PROXY: 'http://s:1' }, { https: 'low:1' }],
  [{ https_proxy: '', HTTPS_PROXY: 'http://s:1' }, { https: 's:1' }],
  [{ HTTPS_PROXY: 's.internal:3128' }, { https: 's.internal:3128' }],
  [{ ALL_PROXY: 'http://a:1' }, {}],
  // What a web server makes of a client's field `Proxy`.
  [{ HTTP_PROXY: 'http://h:1', REQUEST_METHOD: 'GET' }, {}],
  [{ http_proxy: 'http://h:1', REQUEST_METHOD: 'GET' }, { http: 'h:1' }],
  [{ HTTPS_PROXY: 'http://s:1', NO_PROXY: 'example.com' }, {}],
  [{ HTTPS_PROXY: 'http://s:1', no_proxy: 'other.example', NO_PROXY: 'example.com' }, { https: 's:1' }],
  [{ HTTPS_PROXY: 'http://s:1', NO_PROXY: '10.0.0.0/8, what/is/this' }, { https: 's:1' }],
  [{ HTTPS_PROXY: 'socks5://s:1', NO_PROXY: '*' }, {}],
])('where the config is silent, the environment speaks: %j', (env, expected) => {
  expect(ways('{}', env)).toEqual({ https: undefined, http: undefined, ...expected });
});

test.each([
  ['{proxy: "http://p:1"}', { HTTPS_PROXY: 'http://s:1' }, { https: 'p:1', http: 'p:1' }],
  ['{proxy: "http://p:1"}', { NO_PROXY: 'example.com' }, {}],
  ['{proxy: "http://p:1", noProxy: []}', { NO_PROXY: 'example.com' }, { https: 'p:1', http: 'p:1' }],
  ['{noProxy: ["*"]}', { HTTPS_PROXY: 'http://s:1' }, {}],
  ['{noProxy: ["*:80"]}', { HTTPS_PROXY: 'http://s:1' }, { https: 's:1' }],
  ['{proxy: "${P:-}"}', { HTTPS_PROXY: 'http://s:1' }, { https: 's:1' }],
])('each key of the config stands in place of its variable: %s', (written, env, expected) => {
  expect(ways(written, env)).toEqual({ https: undefined, http: undefined, ...expected });
});

test('a variable that is no address of a proxy is told as such, without its value', () => {
  const [fault, ...more] = faultsOf(leastRoutes, { HTTPS_PROXY: 'socks5://canary-user:canary-secret@p:1080' });
  expect(fault).toMatch(
    /^proxy.yaml:1:1 egress\.proxy: is left out, and HTTPS_PROXY is not the address of a proxy .*noProxy: \["\*"\] for none$/,
  );
  expect(fault).not.toContain('canary');
  expect(more).toEqual([]);
});

test.each([
  ['noProxy: [a.example/x]', 'egress.noProxy[0]: is no destination'],
  ['noProxy: a.example', 'egress.noProxy: is not a list'],
  [`ca: [${JSON.stringify(selfSigned().key)}]`, 'egress.ca[0]: is no certificate in PEM'],
  ['ca: [no-such-file.pem]', 'egress.ca[0]: is neither PEM'],
  ['proxies: x', 'egress.proxies: is not known here'],
])('%s is a fault', (written, message) => {
  expect(faultsOf(`egress: {${written}}\n${leastRoutes}`)).toEqual([expect.stringContaining(message)]);
});
