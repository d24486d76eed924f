import { expect, test } from 'vitest';
import type { Answer } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { newRecord } from '../../src/proxy/record.ts';
import { Relay } from '../../src/proxy/relay.ts';
import { MovedClock } from '../support/clock.ts';

/** The fields that a client gets of an answer with these: of its head and of its trailers. */
function relayed(head: readonly string[], trailers: readonly string[], parameter?: string): string[][] {
  const got: string[][] = [];
  const client: Answer = {
    interim: () => {},
    head: ({ fields }) => got.push([...fields.lines]),
    data: () => true,
    end: (fields) => got.push([...fields.lines]),
    fail: () => {},
  };
  const record = newRecord({ requestId: 'r', method: 'GET', client: 'c' });
  const relay = new Relay({ client, record, clock: new MovedClock(), beganAtMs: 0, headed: () => {}, over: () => {} });
  const origin = { scheme: 'https', host: 'api.test', port: 443 };
  const route = { prefix: '/', origin, basePath: '', idleMs: 30_000, parameter };
  relay.follow({ route, rest: '/', forward: undefined });
  relay.head({ status: 200, reason: 'OK', fields: new Fields(head) }, { resume: () => {}, cancel: () => {} });
  relay.end(new Fields(trailers));
  return got;
}

test('trailers come in order and case', () => {
  const trailers = ['X-Sum', '1', 'x-sum', '2', 'Server-Timing', 'a', 'Grpc-Status', '0'];
  expect(relayed([], trailers)[1]).toEqual(trailers);
});

test.each([
  'Connection',
  'Keep-Alive',
  'Transfer-Encoding',
  'content-length',
  'Trailer',
  'TE',
  'Upgrade',
  'Host',
  'Proxy-Authenticate',
  'Proxy-Connection',
  'Bearerway-Retry',
  'bearerway-retry',
  'X-Hop',
  'X-Late-Hop',
])('a trailer cannot speak of the connection, of framing, or in our name: %s', (name) => {
  const trailers = ['X-A', '1', name, '1', 'Connection', 'X-Late-Hop', 'X-B', '2'];
  expect(relayed(['Connection', 'keep-alive, x-hop'], trailers)[1]).toEqual(['X-A', '1', 'X-B', '2']);
});

test('a token that stands in a query is taken out of where an API points to, in its head and behind its body', () => {
  const lines = ['Location', '/x?key=T&a', 'X-Location', '/x?key=T', 'content-LOCATION', '?key=T'];
  const left = ['Location', '/x?a', 'X-Location', '/x?key=T', 'content-LOCATION', ''];
  expect(relayed(lines, lines, 'key')).toEqual([left, left]);
  expect(relayed(lines, lines)).toEqual([lines, lines]);
});
