import { expect, test } from 'vitest';
import type { Answer, InboundRequest } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { ReplayMemory } from '../../src/proxy/body.ts';
import { type HandleOptions, handle } from '../../src/proxy/handle.ts';
import type { RequestRecord } from '../../src/proxy/record.ts';
import { RouteTable } from '../../src/proxy/route-table.ts';
import { MovedClock } from '../support/clock.ts';

const request: InboundRequest = {
  method: 'GET',
  target: '/x',
  fields: Fields.none,
  body: undefined,
  client: '127.0.0.1:5',
};

/** The code of what an answer is: of the status alone. */
function answered(): Answer & { readonly status: Promise<number> } {
  const { promise, resolve } = Promise.withResolvers<number>();
  const head: Answer['head'] = ({ status }) => resolve(status);
  return { status: promise, interim: () => {}, head, data: () => true, end: () => {}, fail: () => {} };
}

test('a request whose client had left before it was served is told of once, is not carried, and holds no place', async () => {
  const records: Readonly<RequestRecord>[] = [];
  let guarded = 0;
  const options: HandleOptions = {
    guard: () => {
      guarded += 1;
      return { target: { authority: undefined, path: '/x', query: '' }, consumed: undefined };
    },
    routes: new RouteTable([]),
    replayMemory: new ReplayMemory(0),
    mostInFlight: 1,
    hopId: 'hop',
    clock: new MovedClock(),
    newRequestId: () => 'id',
    observe: (record) => records.push(record),
  };
  const { serve } = handle(options);
  const left = answered();
  serve(request, left, AbortSignal.abort());
  serve(request, left, AbortSignal.abort());
  expect(records.map(({ status, error }) => [status, error])).toEqual([
    [499, 'client_left'],
    [499, 'client_left'],
  ]);
  expect(guarded).toBe(0);

  const next = answered();
  serve(request, next, new AbortController().signal);
  expect(await next.status).toBe(404);
});
