/**
 * The kinds of value in `proxy.yaml`. Each takes text as well as the YAML type, since `${NAME}` always yields text,
 * and each says in its message what would be right. No message repeats a value: it may be a secret.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { ownFields } from '../own-fields.ts';
import { LARGEST_SECRET_FILE } from '../secret.ts';
import { durationPattern, parseDuration, parseSize, sizePattern } from '../units.ts';
import { nearest } from './nearest.ts';

/** An optional key; empty (`key:`, or `${NAME:-}` without a NAME) counts as left out. */
export function optional<T extends z.ZodType>(schema: T) {
  return z.preprocess(emptyAsAbsent, schema.optional());
}

/** A key with a default, given as the file would spell it; empty counts as left out. */
export function withDefault<T extends z.ZodType>(schema: T, value: z.input<T> & {}) {
  return z.preprocess((given) => emptyAsAbsent(given) ?? value, schema).meta({ default: value });
}

/** A group of keys that all have defaults. */
export function group<T extends z.ZodRawShape>(shape: T) {
  return z.preprocess((given) => emptyAsAbsent(given) ?? {}, z.strictObject(shape, { error: notAGroup }));
}

export function emptyAsAbsent(value: unknown): unknown {
  return value === '' || value === null ? undefined : value;
}

export type Fault = (path: PropertyKey[], message: string) => void;

/** A rule over several keys. It is checked even where some of them are wrong, so that all faults come at once. */
export function everywhere<T>(check: (value: T, fault: Fault) => void) {
  return z.superRefine<T>(
    (value, context) => {
      if (typeof value !== 'object' || value === null) return;
      check(value, (path, message) => context.addIssue({ code: 'custom', path, message }));
    },
    { when: () => true },
  );
}

export const notAGroup = 'is not a group of keys';

export const text = z
  .string({ error: ({ input }) => (input === null ? 'is empty' : 'is not text (quote it: "…")') })
  .min(1, { error: 'is empty' });

export function words<T extends string>(...allowed: [T, ...T[]]) {
  return z.enum(allowed, {
    error: ({ input }) => `is none of the words known here${nearest(typeof input === 'string' ? input : '', allowed)}`,
  });
}

export const flag = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })], {
  error: 'is not true or false',
});

/** A whole number between two bounds. */
export function integer(min: number, max: number, error = `is not a whole number from ${min} to ${max}`) {
  const bounded = z.int({ error }).min(min, { error }).max(max, { error });
  const digits = z
    .string()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .pipe(bounded);
  return z.union([bounded, digits], { error });
}

/** `500ms`, `30s`, `5m`, `24h`, as milliseconds; `0s` is none. */
export const durationOrZero = measuredTime(24);
/** A duration of more than nothing. */
const notNothing = { error: 'is no time at all (such as 30s would be)' };
export const duration = durationOrZero.refine((ms) => ms > 0, notNothing);
/** How long something may live. */
export const lifetime = measuredTime(10_000).refine((ms) => ms > 0, notNothing);
/** `64KiB`, `1MiB`, as bytes. */
export const sizeOrZero = measured(sizePattern, parseSize, 'is not a size (such as 512B, 64KiB, 1MiB or 1GiB)');
export const size = sizeOrZero.refine((bytes) => bytes > 0, { error: 'is no room at all (such as 64KiB would be)' });

function measuredTime(mostHours: number) {
  return measured(durationPattern, parseDuration, 'is not a duration (such as 500ms, 30s, 5m or 24h)').refine(
    (ms) => !(ms > mostHours * 3_600_000),
    { error: `is longer than ${mostHours}h` },
  );
}

function measured(pattern: RegExp, parse: (text: string) => number | undefined, error: string) {
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform((given) => parse(given) ?? Number.NaN);
}

/** A path in the file system; a relative one is below the folder of the config file. */
export function filePath(folder: string) {
  return text.transform((path) => resolve(folder, path));
}

/** The path of a file with a secret, which must be there. What was given is not repeated: it may be the secret itself. */
export function secretFile(folder: string) {
  return filePath(folder).superRefine((path, context) => {
    const problem = unreadable(path);
    if (problem !== undefined)
      context.addIssue(`names a file that ${problem} (a relative path begins at ${resolve(folder)})`);
  });
}

/** Why a file cannot be read as a secret, if so. */
function unreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    const found = statSync(path);
    if (found.isDirectory()) return 'is a folder';
    return found.size > LARGEST_SECRET_FILE ? `is larger than ${LARGEST_SECRET_FILE} bytes` : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  }
}

/** Of an ordinary file that can be read; reading a pipe would take its content away. */
export function contentOf(path: string): string | undefined {
  return unreadable(path) === undefined && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
}

/** PEM: the text itself, or the path of a file that holds it. Read when the config is. */
export function pem(folder: string) {
  return text.transform((given, context) => {
    if (given.startsWith('-----BEGIN ')) return given;
    const path = resolve(folder, given);
    try {
      const content = readFileSync(path, 'latin1');
      if (content.includes('-----BEGIN ')) return content;
      context.addIssue('names a file that holds no PEM ("-----BEGIN …")');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      context.addIssue(
        `is neither PEM ("-----BEGIN …") nor a file that can be read (${code}; a relative path begins at ${resolve(folder)})`,
      );
    }
    return z.NEVER;
  });
}

/** A field name (RFC 9110 §5.1). */
const fieldName = text.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'is not a field name' });
/** One that a config may set, remove or put a token into. */
export const freeFieldName = fieldName.refine((name) => !ownFields.has(name), {
  error: 'is a field that the proxy sets itself',
});
/** A field value of visible ASCII, spaces and tabs between (RFC 9110 §5.5). */
export const fieldValue = z
  .string({ error: 'is not text (quote it: "…")' })
  .regex(/^(?:[\x21-\x7e](?:[\t \x21-\x7e]*[\x21-\x7e])?)?$/, { error: 'is not a field value of visible ASCII' });
