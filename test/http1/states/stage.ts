/** The data path in its parts, so that each can be looked into: a listener, the spine, the 401 rung, a pool. */

import { authorizedSend } from '../../../src/auth/authorized-send.ts';
import { Backoff } from '../../../src/auth/backoff.ts';
import { CachedSource } from '../../../src/auth/cached-source.ts';
import { injection } from '../../../src/auth/injection.ts';
import { memoryStore } from '../../../src/auth/store/memory.ts';
import type { Token } from '../../../src/auth/token.ts';
import { TokenWaits } from '../../../src/auth/token-waits.ts';
import { configuredOrigin } from '../../../src/authority.ts';
import { Failure } from '../../../src/errors.ts';
import type { Handler } from '../../../src/exchange.ts';
import { Listener } from '../../../src/http1/server.ts';
import { ReplayMemory } from '../../../src/proxy/body.ts';
import { guard } from '../../../src/proxy/guard.ts';
import { handle } from '../../../src/proxy/handle.ts';
import { fieldPolicy } from '../../../src/proxy/headers.ts';
import { InFlight } from '../../../src/proxy/in-flight.ts';
import { Pages } from '../../../src/proxy/pages.ts';
import type { RequestRecord } from '../../../src/proxy/record.ts';
import { RouteTable } from '../../../src/proxy/route-table.ts';
import { upstream } from '../../../src/proxy/upstream.ts';
import { Secret } from '../../../src/secret.ts';
import { MovedClock } from '../../support/clock.ts';
import { KEPT } from './plan.ts';
import type { Schedule } from './schedule.ts';

const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };
const timeouts = { connect: 10_000, headers: 20_000, idle: 30_000 };
/** How long a token request takes at most. Milliseconds. */
const TOKEN_TIMEOUT = 10_000;

export interface StageOptions {
  readonly schedule: Schedule;
  readonly faulty: boolean;
  readonly apiUrl: string;
}

export class Stage {
  readonly clock = new MovedClock();
  readonly replayMemory = new ReplayMemory(200_000);
  readonly records: RequestRecord[] = [];
  readonly issued = new Set<string>();
  /** Requests and refusals that the listener handed over. */
  handed = 0;
  readonly listener: Listener;
  readonly #options: StageOptions;
  readonly #api;

  constructor(options: StageOptions) {
    this.#options = options;
    const { clock } = this;
    const { random } = options.schedule;
    const connections = 1 + random(4);
    this.#api = upstream({ origin: options.apiUrl, timeouts, connections, tls: { insecure: false } }, clock);
    const handler = this.#handler();
    const counted: Handler = {
      serve: (...given) => {
        this.handed += 1;
        handler.serve(...given);
      },
      refuse: (...given) => {
        this.handed += 1;
        handler.refuse(...given);
      },
    };
    this.listener = new Listener(counted, { at: { host: '127.0.0.1', port: 0 }, limits, clock });
  }

  #handler(): Handler {
    const { clock } = this;
    const backoff = new Backoff(clock, () => 0.5);
    const requestToken = () => this.#requestToken();
    const tokens = new CachedSource({ credential: 'main', requestToken, place: memoryStore().place(), backoff, clock });
    const route = {
      prefix: '/api',
      origin: configuredOrigin('https://api.test'),
      basePath: '',
      forward: true,
      fields: fieldPolicy({ dropped: ['authorization'], set: [], forwarded: undefined }),
      websocket: true,
      keptBody: KEPT,
      idleMs: timeouts.idle,
      unanswered: new InFlight(),
      send: authorizedSend(this.#api.send, {
        tokens,
        waits: new TokenWaits(1000),
        injection: injection({}),
        statuses: [401],
        clock,
      }),
    };
    let ids = 0;
    const pages = new Pages([]);
    return handle({
      pages,
      guard: guard({
        hosts: ['localhost'],
        anyHost: false,
        pages,
        clientToken: () => undefined,
        hopId: 'h',
        isUpstream: () => false,
      }),
      routes: new RouteTable([route]),
      replayMemory: this.replayMemory,
      inFlight: new InFlight(),
      mostInFlight: 1000,
      mostUnanswered: 1000,
      hopId: 'h',
      clock,
      newRequestId: () => `refused-${ids++}`,
      observe: (record) => this.records.push({ ...record }),
    });
  }

  /** Slow, and in a faulty world sometimes refusing or silent. */
  #requestToken(): Promise<Token> {
    const { schedule, faulty } = this.#options;
    const { clock } = this;
    const { promise, resolve, reject } = Promise.withResolvers<Token>();
    const fail = () => reject(new Failure('token_unavailable', 'the token endpoint said no'));
    const cancel = clock.after(TOKEN_TIMEOUT, fail);
    const actor = schedule.actor();
    for (let slow = schedule.random(10); slow > 0; slow -= 1) actor.does(() => {});
    const fate = faulty ? schedule.random(12) : 5;
    if (fate === 0) return promise;
    actor.does(() => {
      cancel();
      if (fate === 1) return fail();
      const value = `token-${this.issued.size}`;
      this.issued.add(value);
      const times = { requestedAtMs: clock.monotonicMs(), requestedAtWallMs: clock.wallMs() };
      resolve({ value: new Secret(value), ...times, lifetimeMs: 3_600_000, staleAfterMs: 3_500_000 });
    });
    return promise;
  }

  close(): void {
    this.listener.cut();
    void this.#api.close();
  }
}
