import { CoolDown } from '../auth/cool-down.ts';
import type { Injection } from '../auth/injection.ts';
import { type JudgedHead, RefusalPolicy } from '../auth/refusal-policy.ts';
import type { Token, TokenSource } from '../auth/token.ts';
import type { Clock } from '../clock.ts';
import { FieldNames } from '../field-names.ts';
import { Fields } from '../fields.ts';
import { BearerwayError } from './errors.ts';
import { isRepeatable } from './own-body.ts';

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export interface AuthorizedFetchOptions {
  /** The token goes to no other. */
  readonly origins: ReadonlySet<string>;
  readonly tokens: TokenSource;
  readonly injection: Injection;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

interface Task {
  readonly url: URL;
  readonly init: RequestInit;
  readonly signal: AbortSignal;
  readonly replayable: boolean;
}

/** The 401 rung for `fetch`: attach a token, send, and if the API refuses it, renew it and send once more. */
export class AuthorizedFetch {
  readonly #options: AuthorizedFetchOptions;
  /** What one API makes of a token says nothing of another. */
  readonly #policies = new Map<string, RefusalPolicy>();

  constructor(options: AuthorizedFetchOptions) {
    this.#options = options;
  }

  async send(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const { tokens } = this.#options;
    const task = this.#task(input, init);
    const policy = this.#policyOf(task.url.origin);
    const token = await tokens.get(task.signal);
    const response = await this.#attempt(task, token);
    const body = { replayable: task.replayable };
    const verdict = policy.judge(headOf(response), { body }, token);
    if (verdict === 'skipped; reason=body-too-large') policy.renewForTheNext(token);
    if (verdict !== 'try again') return response;
    const renewed = await this.#renewed(token, { policy, signal: task.signal });
    if (renewed === undefined) return response;
    await response.body?.cancel();
    const second = await this.#attempt(task, renewed);
    policy.judgeSecond(headOf(second), renewed);
    return second;
  }

  /** Undefined: the API's own refusal is the answer. */
  async #renewed(
    refused: Token,
    { policy, signal }: { readonly policy: RefusalPolicy; readonly signal: AbortSignal },
  ): Promise<Token | undefined> {
    try {
      return await this.#options.tokens.renew(refused, signal);
    } catch (error) {
      if (!signal.aborted) return undefined;
      policy.leftUntried(refused);
      throw error;
    }
  }

  /** Throws where the token may not go. */
  #task(input: string | URL | Request, init: RequestInit = {}): Task {
    const given = input instanceof Request ? input : undefined;
    const url = new URL(given?.url ?? String(input));
    if (!this.#options.origins.has(url.origin))
      throw new BearerwayError(
        'destination_denied',
        `the token is not for ${url.origin} (if it is meant to go there, name that in origins)`,
      );
    const body = init.body === undefined ? given?.body : init.body;
    const redirect = init.redirect ?? given?.redirect;
    return {
      url,
      init: {
        ...(given === undefined ? {} : { method: given.method, headers: given.headers }),
        ...init,
        ...(body !== undefined && { body }),
        ...(!isRepeatable(body) && { duplex: 'half' }),
        // Wherever it led, the token would go along.
        redirect: redirect === 'error' ? 'error' : 'manual',
      },
      signal: init.signal ?? given?.signal ?? new AbortController().signal,
      replayable: isRepeatable(body),
    };
  }

  async #attempt({ url, init, signal }: Task, token: Token): Promise<Response> {
    const { injection, fetch } = this.#options;
    const headers = new Headers(init.headers);
    const own = new FieldNames(injection.field === undefined ? [] : [injection.field], { twins: true });
    for (const name of [...headers.keys()]) if (own.has(name)) headers.delete(name);
    const asked = new URL(url);
    if (injection.parameter !== undefined && asked.searchParams.has(injection.parameter))
      asked.searchParams.delete(injection.parameter);
    const target = `${asked.pathname}${asked.search}`;
    const sent = injection.inject({ method: 'GET', target, fields: Fields.none, body: undefined }, token);
    const [name, value] = sent.fields.lines;
    if (name !== undefined && value !== undefined) headers.set(name, value);
    return await fetch(`${url.origin}${sent.target}`, { ...init, headers, signal });
  }

  #policyOf(origin: string): RefusalPolicy {
    const { tokens, clock } = this.#options;
    const policy =
      this.#policies.get(origin) ?? new RefusalPolicy({ tokens, statuses: [401], coolDown: new CoolDown(clock) });
    this.#policies.set(origin, policy);
    return policy;
  }
}

function headOf({ status, headers }: Response): JudgedHead {
  const challenge = headers.get('www-authenticate');
  return { status, fields: new Fields(challenge === null ? [] : ['WWW-Authenticate', challenge]) };
}
