/** THE SPINE: one request from arrival to last byte. */
import type { Clock } from '../clock.ts';
import { Failure, printable } from '../errors.ts';
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
  return new Passages(options);
}

class Passages implements Handler {
  readonly #options: HandleOptions;
  #inFlight = 0;

  constructor(options: HandleOptions) {
    this.#options = options;
  }

  readonly serve: Handler['serve'] = (inbound, client, signal) => {
    const { method, client: asker } = inbound;
    const requestId = givenRequestId(inbound.fields) ?? this.#options.newRequestId();
    const passage = this.#begin({ requestId, method, client: asker }, client);
    const abandon = (): void => passage.relay.abandon(signal.reason === SHUT_DOWN ? 'shut_down' : 'client_left');
    // A signal that is aborted says so only once.
    if (signal.aborted) {
      abandon();
      return;
    }
    signal.addEventListener('abort', abandon, { once: true });
    this.#carry(inbound, passage, signal).catch((thrown) => passage.relay.fail(thrown));
  };

  readonly refuse: Handler['refuse'] = (failure, client, answer) => {
    this.#begin({ requestId: this.#options.newRequestId(), method: '-', client }, answer).relay.fail(failure);
  };

  /** The whole way, in its order. What is thrown on it becomes the answer. */
  async #carry(inbound: InboundRequest, passage: Passage, signal: AbortSignal): Promise<void> {
    const { guard, routes, replayMemory, hopId, clock } = this.#options;
    const { record, relay } = passage;
    this.#refuseOverload();
    // As it came, for the record of a refusal; an absolute URL may hold a password.
    if (inbound.target.startsWith('/')) record.path = printable(inbound.target.split('?', 1)[0] ?? '');
    const { target, consumed } = guard(inbound);
    record.path = target.path;
    const match = routes.find(inbound.method, target.path);
    const { route } = match;
    record.route = route.prefix;
    record.credential = route.credential;
    relay.follow(route);
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

  #refuseOverload(): void {
    if (this.#inFlight <= this.#options.mostInFlight) return;
    throw new Failure('overloaded', 'too many requests are under way', { retryAfterMs: 1000 });
  }

  /** One record, from now until all is over. */
  #begin(who: Pick<RequestRecord, 'requestId' | 'method' | 'client'>, client: Answer): Passage {
    const { clock, observe } = this.#options;
    const beganAtMs = clock.monotonicMs();
    const record: RequestRecord = { ...who, status: CLIENT_LEFT, durationMs: 0, bytesIn: 0, bytesOut: 0 };
    const over = (): void => {
      this.#inFlight -= 1;
      passage.body?.settle();
      record.durationMs = clock.monotonicMs() - beganAtMs;
      observe(record);
    };
    this.#inFlight += 1;
    const passage: Passage = { record, relay: new Relay({ client, record, clock, over }), body: undefined };
    return passage;
  }
}
