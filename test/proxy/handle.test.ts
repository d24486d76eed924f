import { expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Answer, InboundRequest } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { ReplayMemory } from '../../src/proxy/body.ts';
import { type HandleOptions, handle } from '../../src/proxy/handle.ts';
import { InFlight } from '../../src/proxy/in-flight.ts';
import { Pages } from '../../src/proxy/pages.ts';
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

function optionsWith({ guard, observe }: Pick<HandleOptions, 'guard' | 'observe'>): HandleOptions {
  return {
    guard,
    pages: new Pages([]),
    routes: new RouteTable([]),
    replayMemory: new ReplayMemory(0),
    inFlight: new InFlight(),
    mostInFlight: 1,
    mostUnanswered: 1,
    hopId: 'hop',
    clock: new MovedClock(),
    newRequestId: () => 'id',
    observe,
  };
}

test('the path of a refused request is recorded without its query, and without what could steer a terminal', async () => {
  const records: Readonly<RequestRecord>[] = [];
  const refuse = () => {
    throw new Failure('bad_request', 'the target has a character that may not stand in one');
  };
  const { serve } = handle(optionsWith({ guard: refuse, observe: (record) => records.push(record) }));
  const answer = answered();
  serve({ ...request, target: '/a\x9b2J\x7f?secret' }, answer, new AbortController().signal);
  expect(await answer.status).toBe(400);
  expect(records[0]?.path).toBe('/a?2J?');
});

test('a request whose client had left before it was served is told of once, is not carried, and holds no place', async () => {
  const records: Readonly<RequestRecord>[] = [];
  let guarded = 0;
  const guard = () => {
    guarded += 1;
    return {
      target: { absolute: undefined, path: '/x', query: '' },
      host: 'h',
      forward: undefined,
      consumed: undefined,
      page: undefined,
      preflight: undefined,
    };
  };
  const { serve } = handle(optionsWith({ guard, observe: (record) => records.push(record) }));
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
