/** THE SPINE: one request from arrival to last byte. */
import type { AskedAuthority } from '../authority.ts';
import type { Clock } from '../clock.ts';
import { Failure, printable } from '../errors.ts';
import {
  type Handler,
  type InboundBody,
  type InboundRequest,
  type OutboundBody,
  type OutboundRequest,
  SHUT_DOWN,
} from '../exchange.ts';
import type { Fields } from '../fields.ts';
import type { StopSignal } from '../stop.ts';
import { outboundBody, type ReplayMemory } from './body.ts';
import { type Guard, METHODS } from './guard.ts';
import { forwardable, givenRequestId } from './headers.ts';
import type { InFlight } from './in-flight.ts';
import { forwardsLeft, ownOptions, withForwards } from './max-forwards.ts';
import type { Pages } from './pages.ts';
import { Passage } from './passage.ts';
import { permission } from './preflight.ts';
import type { RequestObserver, RequestRecord } from './record.ts';
import { type Route, type RouteMatch, type RouteTable, upstreamTarget } from './route-table.ts';
import { forwardableTrailers } from './trailers.ts';
import { passedUpgrade } from './upgrade.ts';
import { watched } from './watched-body.ts';

export interface HandleOptions {
  readonly guard: Guard;
  readonly pages: Pages;
  readonly routes: RouteTable;
  readonly replayMemory: ReplayMemory;
  /** Counts the requests under way; of all that it counts them among, there may be so many at once. */
  readonly inFlight: InFlight;
  readonly mostInFlight: number;
  /** So many to one upstream may have no answer yet. */
  readonly mostUnanswered: number;
  /** The id of this process in `Bearerway-Hop`. */
  readonly hopId: string;
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly observe: RequestObserver;
}

/** Where a request goes, and its way back. */
interface Way {
  readonly route: Route;
  readonly passage: Passage;
}

/** What is looked for, and what tells of it. */
interface Wanted {
  readonly path: string;
  readonly forward: AskedAuthority | undefined;
  readonly record: RequestRecord;
}

export function handle(options: HandleOptions): Handler {
  return new Passages(options);
}

/** For the log, which shows neither query nor fragment; an absolute URL may hold a password. */
function pathAsItCame(target: string): string | undefined {
  return target.startsWith('/') ? printable(target.split(/[?#]/, 1)[0] ?? '') : undefined;
}

class Passages implements Handler {
  readonly #options: HandleOptions;

  constructor(options: HandleOptions) {
    this.#options = options;
  }

  readonly serve: Handler['serve'] = (inbound, client, signal) => {
    const { method, fields, client: asker } = inbound;
    const requestId = givenRequestId(fields) ?? this.#options.newRequestId();
    const passage = new Passage({ requestId, method, client: asker }, client, this.#options);
    const abandon = (): void => passage.relay.abandon(signal.reason === SHUT_DOWN ? 'shut_down' : 'client_left');
    // A signal that is aborted says so only once.
    if (signal.aborted) {
      abandon();
      return;
    }
    signal.addEventListener('abort', abandon, { once: true });
    try {
      this.#carry(inbound, passage, signal);
    } catch (thrown) {
      passage.record.path ??= pathAsItCame(inbound.target);
      passage.relay.shareWith(this.#options.pages.named(inbound.fields));
      passage.relay.fail(thrown);
    }
  };

  readonly refuse: Handler['refuse'] = (failure, { method, target, client, waitedMs }, answer) => {
    const requestId = this.#options.newRequestId();
    const { record, relay } = new Passage(
      { requestId, method: method || '-', client, waitedMs },
      answer,
      this.#options,
    );
    record.path = pathAsItCame(target);
    relay.fail(failure);
  };

  /** The whole way, in its order. What is thrown on it becomes the answer. */
  #carry(inbound: InboundRequest, passage: Passage, signal: StopSignal): void {
    const { guard, routes, hopId } = this.#options;
    const { record, relay } = passage;
    this.#refuseOverload();
    const { target, host, forward, consumed, page, preflight } = guard(inbound);
    record.path = target.path;
    relay.shareWith(page);
    if (preflight !== undefined) {
      const methods = preflight.isAnonymous ? undefined : routes.at(target.path, forward)?.methods;
      relay.answer({ status: 204, reason: 'No Content', fields: permission(preflight, methods) });
      return;
    }
    const match = this.#matched(inbound.method, { path: target.path, forward, record });
    const { route } = match;
    record.route = route.prefix;
    record.credential = route.credential;
    relay.follow(match);
    this.#refuseOverloadOf(route, passage);
    const left = forwardsLeft(inbound);
    if (left === 0) {
      relay.answer(ownOptions(route.methods ?? METHODS));
      return;
    }
    const fields = forwardable(inbound, {
      policy: route.fields,
      consumed,
      host,
      isForward: forward !== undefined,
      hopId,
      requestId: record.requestId,
    });
    const outbound: OutboundRequest = {
      method: inbound.method,
      target: upstreamTarget(match, target),
      fields: left === undefined ? fields : withForwards(fields, left - 1),
      body: undefined,
      upgrade:
        inbound.upgrade &&
        passedUpgrade(inbound.upgrade, { taken: route.websocket, record, clientEnded: () => relay.clientEnded() }),
    };
    if (inbound.body === undefined) route.send(outbound, relay, signal);
    else {
      this.#withBody(inbound.body, inbound.fields, { route, passage })
        .then((body) => (signal.aborted ? body.settle() : route.send({ ...outbound, body }, relay, signal)))
        .catch((thrown) => relay.fail(thrown));
    }
  }

  /** What a route does not allow is told of with its name, too. */
  #matched(method: string, { path, forward, record }: Wanted): RouteMatch {
    const { routes } = this.#options;
    try {
      return routes.find(method, path, forward);
    } catch (denied) {
      record.route = routes.at(path, forward)?.prefix;
      throw denied;
    }
  }

  /** `fields` are those of the request's head. */
  async #withBody(came: InboundBody, fields: Fields, { route, passage }: Way): Promise<OutboundBody> {
    const { replayMemory, clock } = this.#options;
    const passed = (trailers: Fields) => forwardableTrailers(trailers, fields, route.fields);
    const body = watched(came, { idleMs: route.idleMs, clock, record: passage.record, passed });
    passage.body = await outboundBody(body, { most: route.keptBody, memory: replayMemory });
    return passage.body;
  }

  #refuseOverload(): void {
    const { inFlight, mostInFlight } = this.#options;
    if (inFlight.total <= mostInFlight) return;
    throw new Failure('overloaded', 'too many requests are under way', { retryAfterMs: 1000 });
  }

  /** Of one upstream: others keep their room. */
  #refuseOverloadOf({ unanswered }: Route, passage: Passage): void {
    if (unanswered.count >= this.#options.mostUnanswered)
      throw new Failure('overloaded', 'too many requests wait for an answer of this API', { retryAfterMs: 1000 });
    passage.countIn(unanswered);
  }
}
