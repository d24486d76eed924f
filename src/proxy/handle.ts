/** THE SPINE: one request from arrival to last byte. */
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import {
  type Answer,
  type Handler,
  type InboundRequest,
  type OutboundBody,
  type OutboundRequest,
  SHUT_DOWN,
} from '../exchange.ts';
import { outboundBody, type ReplayMemory } from './body.ts';
import type { Guard } from './guard.ts';
import { forwardable, givenRequestId } from './headers.ts';
import { CLIENT_LEFT, type RequestObserver, type RequestRecord } from './record.ts';
import { Relay } from './relay.ts';
import { type RouteTable, upstreamTarget } from './route-table.ts';
import { watched } from './watched-body.ts';

export interface HandleOptions {
  readonly guard: Guard;
  readonly routes: RouteTable;
  readonly replayMemory: ReplayMemory;
  /** How many requests may be under way at once. */
  readonly mostInFlight: number;
  /** The id of this process in `Bearerway-Hop`. */
  readonly hopId: string;
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly observe: RequestObserver;
}

/** A request's way back, and what is to be told of it. */
interface Passage {
  readonly record: RequestRecord;
  readonly relay: Relay;
  /** The body, once it is on its way: to be settled when all is over. */
  body: OutboundBody | undefined;
}

export function handle(options: HandleOptions): Handler {
  const { guard, routes, replayMemory, mostInFlight, hopId, clock, newRequestId, observe } = options;
  let inFlight = 0;

  async function carry(inbound: InboundRequest, passage: Passage, signal: AbortSignal): Promise<void> {
    const { record, relay } = passage;
    if (inFlight > mostInFlight)
      throw new Failure('overloaded', 'too many requests are under way', { retryAfterMs: 1000 });
    // As it came, for the record of a refusal; an absolute URL may hold a password.
    if (inbound.target.startsWith('/')) record.path = inbound.target.split('?', 1)[0];
    const { target, consumed } = guard(inbound);
    record.path = target.path;
    const match = routes.find(inbound.method, target.path);
    const { route } = match;
    record.route = route.prefix;
    record.credential = route.credential;
    relay.idleMs = route.idleMs;
    relay.parameter = route.parameter;
    if (inbound.body !== undefined) {
      const body = watched(inbound.body, { idleMs: route.idleMs, clock, record });
      passage.body = await outboundBody(body, { most: route.keptBody, memory: replayMemory });
      if (signal.aborted) return passage.body.settle();
    }
    const outbound: OutboundRequest = {
      method: inbound.method,
      target: upstreamTarget(match, target),
      fields: forwardable(inbound, { policy: route.fields, consumed, hopId, requestId: record.requestId }),
      body: passage.body,
    };
    route.send(outbound, relay, signal);
  }

  /** One record, from now until all is over. */
  function passage(who: Pick<RequestRecord, 'requestId' | 'method' | 'client'>, client: Answer): Passage {
    const beganAtMs = clock.monotonicMs();
    const record: RequestRecord = { ...who, status: CLIENT_LEFT, durationMs: 0, bytesIn: 0, bytesOut: 0 };
    const over = (): void => {
      inFlight -= 1;
      begun.body?.settle();
      record.durationMs = clock.monotonicMs() - beganAtMs;
      observe(record);
    };
    inFlight += 1;
    const begun: Passage = { record, relay: new Relay({ client, record, clock, over }), body: undefined };
    return begun;
  }

  return {
    serve(inbound, client, signal) {
      const requestId = givenRequestId(inbound.fields) ?? newRequestId();
      const begun = passage({ requestId, method: inbound.method, client: inbound.client }, client);
      const abandon = (): void => begun.relay.abandon(signal.reason === SHUT_DOWN ? 'shut_down' : 'client_left');
      // A signal that is aborted says so only once.
      if (signal.aborted) {
        abandon();
        return;
      }
      signal.addEventListener('abort', abandon, { once: true });
      carry(inbound, begun, signal).catch((thrown) => begun.relay.fail(thrown));
    },
    refuse(failure, client, answer) {
      passage({ requestId: newRequestId(), method: '-', client }, answer).relay.fail(failure);
    },
  };
}
