import * as z from 'zod';
import { text } from '../scalars.ts';

export function listOf<T extends z.ZodType>(item: T) {
  return z.array(item).min(1, { error: 'is an empty list (leave it out instead)' });
}

/** A text or several, as a list; `error` says what neither is. */
export function oneOrMore(error: string) {
  return z
    .union([text.transform((given) => [given]), listOf(text)], { error })
    .transform((given): readonly string[] => given);
}

/** Scopes as a list, or as one text with spaces between (RFC 6749 §3.3). */
export const scopes = z
  .union([text.regex(/\S/, { error: 'is empty' }).transform((given) => given.trim().split(/\s+/)), listOf(text)], {
    error: 'is not a list of scopes',
  })
  .transform((given): readonly string[] => given);
