/** One provider at work: its token endpoint, and an API that knows its tokens. */
import type { Clock } from '../clock.ts';
import { apiFault, bearerToken, echo, invalidToken } from './api.ts';
import type { FaultOrder } from './fault-order.ts';
import { Faults } from './faults.ts';
import { IssuedTokens } from './issued-tokens.ts';
import type { Provider } from './providers.ts';
import type { Reply } from './reply.ts';
import { granted, refusal, tokenFault, tokenReply } from './token-endpoint.ts';
import type { Client } from './token-request.ts';
import type { Visit } from './visit.ts';

export interface ImitationOptions {
  readonly client: Client;
  /** Undefined: what the provider documents. */
  readonly lifetimeMs: number | undefined;
  readonly clock: Clock;
}

export class Imitation {
  readonly name: string;
  readonly provider: Provider;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #tokens: IssuedTokens;
  #tokenRequests = 0;
  #apiRequests = 0;

  constructor(name: string, provider: Provider, { client, lifetimeMs, clock }: ImitationOptions) {
    this.name = name;
    this.provider = provider;
    this.#client = client;
    this.#clock = clock;
    const { forms, lifetimeMs: documentedMs } = provider.answer;
    this.#faults = new Faults({ lifetimeMs: lifetimeMs ?? documentedMs, answer: forms[0] }, clock);
    this.#tokens = new IssuedTokens(clock);
  }

  /** Rejects when the client leaves before there is an answer. */
  serve(visit: Visit): Promise<Reply> {
    return visit.target.path === this.provider.tokenPath ? this.#serveToken(visit) : this.#serveApi(visit);
  }

  obey(order: FaultOrder): void {
    if (order.revoke) this.#tokens.revokeAll();
    this.#faults.apply(order);
  }

  /** Answers that are held back go out now. */
  letGo(): void {
    this.#faults.delay.set(0);
  }

  /** What is in force and what has happened; never a token. */
  toJSON() {
    return {
      provider: this.name,
      ...this.#faults.toJSON(),
      tokensIssued: this.#tokens.issued,
      tokenRequests: this.#tokenRequests,
      apiRequests: this.#apiRequests,
    };
  }

  async #serveToken(visit: Visit): Promise<Reply> {
    this.#tokenRequests += 1;
    const fault = this.#faults.tokenStatus.take();
    const refused = fault === undefined ? await refusal(visit, this.provider, this.#client) : tokenFault(fault);
    await this.#faults.delay.over(visit.response);
    return tokenReply(refused ?? this.#issue(), visit, this.provider);
  }

  #issue(): Reply {
    const { lifetimeMs, answer } = this.#faults;
    const { scope, token } = this.provider.answer;
    const text = token({ clientId: this.#client.id, scope, issuedAtMs: this.#clock.wallMs(), lifetimeMs });
    this.#tokens.issue(text, lifetimeMs);
    return granted({ text, lifetimeMs, scope }, answer);
  }

  async #serveApi(visit: Visit): Promise<Reply> {
    this.#apiRequests += 1;
    const fault = this.#faults.apiStatus.take();
    const reply = fault === undefined ? await this.#echo(visit) : apiFault(fault);
    await this.#faults.delay.over(visit.response);
    return reply;
  }

  async #echo(visit: Visit): Promise<Reply> {
    const text = bearerToken(visit.fields);
    const number = text === undefined ? undefined : this.#tokens.numberOf(text);
    if (text === undefined || number === undefined) return invalidToken;
    return echo(visit, this.name, { text, number });
  }
}
