import type { CredentialConfig } from '../../config/schema.ts';
import type { Failure } from '../../errors.ts';
import type { Heard } from '../token-attempt.ts';

/** Why no token could be had, for the person who wrote the config: a line each. Never a secret or what an answer holds. */
export interface Diagnosis {
  readonly cause: string;
  /** What to change. */
  readonly remedy: string;
}

/** What is known of an attempt that failed. */
export interface Symptoms {
  readonly options: CredentialConfig;
  readonly failure: Failure;
  /** The last answer of the token endpoint; undefined: there was none. */
  readonly heard: Heard | undefined;
  /** The ways of client authentication that the issuer's metadata names, as `clientAuth` spells them. */
  readonly authMethods?: readonly string[] | undefined;
}

/** A credential that asks a token endpoint. */
export type GrantConfig = Extract<CredentialConfig, { readonly clientAuth: unknown }>;

/** A token endpoint that refuses. */
export interface Refusal extends Symptoms {
  readonly options: GrantConfig;
  readonly heard: Heard;
}

/** Why it does. */
export interface Finding {
  /** Behind what the endpoint says. */
  readonly what: string;
  readonly remedy: string;
}
