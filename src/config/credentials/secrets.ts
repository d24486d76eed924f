/** Secrets of a credential: each is spelt as it is, or with `File` after its name as the path of a file that holds it. */
import { fileSecret, fixedSecret, type SecretSource } from '../../secret.ts';
import { type Fault, optional, secretFile, text } from '../scalars.ts';

type Text = ReturnType<typeof optional<typeof text>>;
type Path = ReturnType<typeof optional<ReturnType<typeof secretFile>>>;

/** Both spellings of a secret, neither required. */
export function secretKeys<N extends string>(name: N, folder: string): Record<N, Text> & Record<`${N}File`, Path> {
  const keys = { [name]: optional(text), [`${name}File`]: optional(secretFile(folder)) };
  // Computed keys are mere strings to the compiler.
  return keys as Record<N, Text> & Record<`${N}File`, Path>;
}

/** What is spelt of a secret, so far as it could be read. */
export type SpeltSecret<N extends string> = { readonly [K in N | `${N}File`]?: string | undefined };

export function isSpelt<N extends string>(name: N, spelt: SpeltSecret<N>): boolean {
  return spelt[name] !== undefined || spelt[`${name}File`] !== undefined;
}

/** At most one of the two spellings, and one of them if it is `required`. */
export function secretRules<N extends string>(
  name: N,
  { spelt, required = false }: { readonly spelt: SpeltSecret<N>; readonly required?: boolean },
  fault: Fault,
): void {
  if (spelt[name] !== undefined && spelt[`${name}File`] !== undefined)
    fault([`${name}File`], `stands beside ${name} (one of them would be right)`);
  if (required && !isSpelt(name, spelt)) fault([name], `is required (or ${name}File)`);
}

/** Where the secret comes from; undefined when neither spelling is there. */
export function secretOf<N extends string>(name: N, spelt: SpeltSecret<N>): SecretSource | undefined {
  const [given, file] = [spelt[name], spelt[`${name}File`]];
  if (file !== undefined) return fileSecret(file);
  return given === undefined ? undefined : fixedSecret(given);
}

/** Of one that is required: a rule has refused a config without it. */
export function requiredSecret<N extends string>(name: N, spelt: SpeltSecret<N>): SecretSource {
  const source = secretOf(name, spelt);
  if (source === undefined) throw new Error(`${name} is not there, and no rule said so`);
  return source;
}
