import { Failure } from '../errors.ts';
import { issuedToken } from './issued-token.ts';
import { outputOf, type Program } from './program.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';
import { type LifetimeOptions, lifetimeOf } from './token-lifetime.ts';
import { tokenProblem } from './token-text.ts';

export interface CommandOptions extends Omit<Program, 'env'> {
  /** Beside the environment of the proxy. */
  readonly env: Readonly<Record<string, string>>;
  readonly lifetime: LifetimeOptions['lifetime'];
}

/** As kubectl tells its credential plugins what it understands; some of them write nothing without it. */
const KUBERNETES_EXEC_INFO = JSON.stringify({
  kind: 'ExecCredential',
  apiVersion: 'client.authentication.k8s.io/v1',
  spec: { interactive: false },
});

/** A program that writes a token: bare, in one line, or as the ExecCredential of Kubernetes (client.authentication.k8s.io). */
export function commandToken(options: CommandOptions, context: TokenSupplyContext): TokenSupply {
  const { clock, random, warn } = context;
  const { lifetime } = options;
  const closing = new AbortController();
  const program = { ...options, env: { ...context.env, KUBERNETES_EXEC_INFO, ...options.env } };
  let output = Promise.resolve('');
  return {
    secretChanged: undefined,
    async requestToken() {
      const began = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
      output = outputOf(program, closing.signal);
      const { value, expiresAt } = printed(await output);
      const claims = { expiresIn: undefined, expiresAt, accessToken: value, dateMs: began.wallMs };
      return issuedToken(value, lifetimeOf(claims, { lifetime, response: { expiresInUnit: 's' } }, warn), {
        began,
        random,
        lifetime,
      });
    },
    async close() {
      closing.abort();
      await output.catch(() => {});
    },
  };
}

/** What a program wrote. Throws a Failure, `token_invalid`; nothing of what was written is repeated. */
function printed(output: string): { readonly value: string; readonly expiresAt?: unknown } {
  const text = output.replace(/^\uFEFF/, '').trim();
  if (text === '') throw invalid('nothing');
  const { value, expiresAt } = /^[{["]/.test(text) ? execCredential(text) : { value: text, expiresAt: undefined };
  if (/[\r\n]/.test(value)) throw invalid('more than one line (the token alone would be right)');
  const problem = tokenProblem(value);
  if (problem !== undefined) throw invalid(`a token that ${problem}`);
  return { value, expiresAt };
}

function execCredential(text: string): { readonly value: string; readonly expiresAt: unknown } {
  const { kind, status } = parsed(text);
  if (kind !== 'ExecCredential')
    throw invalid('JSON that is no ExecCredential (the token alone, without quotes, would be right too)');
  const { token, expirationTimestamp } = isGroup(status) ? status : {};
  if (typeof token !== 'string' || token === '') throw invalid('an ExecCredential without status.token');
  return { value: token, expiresAt: expirationTimestamp };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return isGroup(json) ? json : {};
  } catch {
    throw invalid('what begins like JSON and is none');
  }
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function invalid(what: string): Failure {
  return new Failure('token_invalid', `the program wrote ${what}`);
}
