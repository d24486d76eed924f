import { egressLog, openEgress } from '../app/egress.ts';
import { injection } from '../auth/injection.ts';
import { type Keeper, keeper } from '../auth/keeper.ts';
import { memoryStore } from '../auth/store/memory.ts';
import type { KeptSource, Token } from '../auth/token.ts';
import { checkConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { Failure } from '../errors.ts';
import { tokenLog } from '../observe/log.ts';
import { AuthorizedFetch } from './authorized-fetch.ts';
import type { Edge } from './edge.ts';
import { BearerwayError } from './errors.ts';
import { originsOf } from './origins.ts';
import { logTo } from './own-log.ts';
import type { CredentialConfig } from './proxy-config.ts';
import type { AccessToken, TokenSource, TokenSourceOptions } from './token-source.ts';
import { expiryOf, told, toldFailure } from './told.ts';

const NAME = 'token';

/** What is known of the tokens that were given out. */
const known = new WeakMap<AccessToken, Token>();

/** Its value is of the class, and so is not printed with the object. */
class GivenToken implements AccessToken {
  readonly expiresAt: Date | undefined;

  constructor(token: Token, expiresAt: Date | undefined) {
    this.expiresAt = expiresAt;
    known.set(this, token);
  }

  get value(): string {
    return known.get(this)?.value.reveal() ?? '';
  }
}

export class OwnTokens implements TokenSource {
  readonly #edge: Edge;
  readonly #open: () => Promise<Keeper>;
  readonly #fetch: AuthorizedFetch;
  #keeper: Promise<Keeper> | undefined;
  /** Once it is open. */
  #source: KeptSource | undefined;
  #closed = false;

  /** Throws a BearerwayError `config_invalid`. */
  constructor(given: CredentialConfig, options: TokenSourceOptions, edge: Edge) {
    const { origins = [], log: logger } = options;
    const config = credentialOf(given, options, edge);
    const { credential } = config;
    this.#edge = edge;
    const log = logTo(logger, 'trace');
    const { warn, outcome } = tokenLog(log, NAME);
    const { clock, random, newId, env } = edge;
    this.#open = async () => {
      const egress = openEgress(config);
      egressLog(config, log);
      const context = { clock, random, newId, env, egress, warn, store: memoryStore(), shared: undefined };
      const opened = await keeper(NAME, credential, { ...context, asked: () => {} });
      opened.source.listen(outcome);
      opened.start();
      this.#source = opened.source;
      return opened;
    };
    this.#fetch = new AuthorizedFetch({
      origins: originsOf(origins),
      tokens: {
        current: () => this.#source?.current(),
        get: (signal) => this.#token((source) => source.get(signal)),
        renew: (refused, signal) => this.#token((source) => source.renew(refused, signal)),
      },
      injection: injection(credential.inject),
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      clock,
    });
  }

  async get(signal = never()): Promise<AccessToken> {
    return this.#shown(await this.#token((source) => source.get(signal)));
  }

  async renew(refused: AccessToken, signal = never()): Promise<AccessToken> {
    const token = known.get(refused);
    if (token === undefined) throw new TypeError('renew takes a token that get or renew gave');
    return this.#shown(await this.#token((source) => source.renew(token, signal)));
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return await this.#fetch.send(input, init);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opened = await this.#keeper?.catch(() => undefined);
    this.#keeper = undefined;
    await opened?.close();
  }

  #shown(token: Token): AccessToken {
    return new GivenToken(token, expiryOf(token, this.#edge.clock));
  }

  async #token(get: (source: KeptSource) => Promise<Token>): Promise<Token> {
    if (this.#closed) throw new BearerwayError('not_running', 'the token source is closed');
    try {
      // A secret that cannot be read may be there the next time.
      this.#keeper ??= this.#open().catch((error) => {
        this.#keeper = undefined;
        throw error;
      });
      const { source } = await this.#keeper;
      return await get(source);
    } catch (error) {
      throw error instanceof Failure ? toldFailure(error) : error;
    }
  }
}

function never(): AbortSignal {
  return new AbortController().signal;
}

interface Checked extends Pick<Config, 'egress' | 'listen'> {
  readonly credential: Config['credentials'][string];
}

/** As one of a whole configuration, with all its rules. */
function credentialOf(given: CredentialConfig, { egress = {} }: TokenSourceOptions, edge: Edge): Checked {
  const listen = { port: 0 };
  const routes = [{ prefix: '/', upstream: 'https://nobody.invalid' }];
  try {
    const config = checkConfig({ listen, egress, credentials: { [NAME]: given }, routes }, edge);
    const credential = config.credentials[NAME];
    if (credential === undefined) throw new Error('a credential that was checked is not there');
    return { ...config, credential };
  } catch (error) {
    const failure = told(error);
    if (!(failure instanceof BearerwayError)) throw failure;
    const faults = failure.faults.map((fault) => ({
      ...fault,
      path: fault.path.replace(/^credentials\.token\.?/, ''),
    }));
    const lines = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    throw new BearerwayError('config_invalid', lines.join('\n'), { faults });
  }
}
