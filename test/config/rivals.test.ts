import { expect, test } from 'vitest';
import { rivals } from '../../src/config/rivals.ts';
import { read } from './reading.ts';

interface Spelt {
  readonly upstream: string;
  readonly forward?: boolean;
  readonly stripPrefix?: boolean;
}

/** Those of routes `/0`, `/1`, … that are never taken in forward mode, each list behind the one that is. */
function found(...spelt: readonly (Spelt | string)[]): string[] {
  const routes = spelt.map((each, at) => ({
    prefix: `/${at}`,
    plaintext: true,
    ...(typeof each === 'string' ? { upstream: each } : each),
  }));
  return rivals(read(JSON.stringify({ routes })).routes).map(({ taken, others }) => [taken, ...others].join(' '));
}

test('the same host, port and base', () => {
  const [a, b] = ['https://a.test', 'https://b.test/x'];
  expect(found(a, b, a, b, a)).toEqual(['/0 /2 /4', '/1 /3']);
  expect(found(a, 'https://A.test.:443/')).toEqual(['/0 /1']);
});

test('http and https of one name, as clients say http:// to us for both', () => {
  expect(found('https://a.test', 'http://a.test')).toEqual(['/0 /1']);
  expect(found('http://a.test', 'https://a.test')).toEqual(['/0 /1']);
  expect(found('http://a.test:443', 'https://a.test')).toEqual(['/0 /1']);
  expect(found('https://a.test:8443', 'http://a.test:8443')).toEqual(['/0 /1']);
});

test('but not another base, host or port, nor one that forward mode does not take', () => {
  expect(found('https://a.test', 'https://a.test/b', 'https://b.test', 'https://a.test:8443')).toEqual([]);
  const upstream = 'https://a.test';
  expect(found(upstream, { upstream, forward: false })).toEqual([]);
  expect(found({ upstream, stripPrefix: false }, { upstream, stripPrefix: false })).toEqual([]);
});
