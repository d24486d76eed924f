/** What is wrong with a config, in words for the person who wrote it. No message repeats a value. */
import type * as z from 'zod';
import { printable } from '../errors.ts';
import type { KnownKeys } from './json-schema.ts';
import { nearest } from './nearest.ts';

/** One thing that is wrong, and where. */
export interface ConfigFault {
  /** As the column from 1 on; 0 where there is no text. */
  readonly line: number;
  readonly column: number;
  /** `routes[0].upstream` */
  readonly path: string;
  /** What is wrong (what would be right). */
  readonly message: string;
}

/** All that is wrong with a config, as `file:line:column path: what is wrong`, a line each; without a file by paths alone. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];
  /** Paths of the files that it names, as far as it could be read: what it lacks may come to be in one of them. */
  readonly files: readonly string[];

  constructor(file: string | undefined, faults: readonly ConfigFault[], files: readonly string[] = []) {
    super(
      faults
        .map(({ line, column, path, message }) => {
          const told = path === '' ? message : `${path}: ${message}`;
          return `${file === undefined ? '' : `${file}:${line}:${column} `}${printable(told)}`;
        })
        .join('\n'),
    );
    this.name = 'ConfigError';
    this.faults = faults;
    this.files = files;
  }
}

/** A place in the config and what is wrong there. */
export interface PlacedFault {
  readonly path: readonly PropertyKey[];
  /** The fault is with the key rather than with its value. */
  readonly atKey: boolean;
  readonly message: string;
}

/** What zod found, in our words. `keysAt` gives the keys that are known at a place. */
export function fromIssue(issue: z.core.$ZodIssue, keysAt: (path: readonly PropertyKey[]) => KnownKeys): PlacedFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      atKey: true,
      message: unknownKey(key, keysAt(issue.path)),
    }));
  }
  if (issue.code === 'invalid_union') {
    // The branch that got furthest says best what is wrong: a group with a wrong key rather than "neither … nor …".
    const inner = issue.errors.find((branch) => branch.some(({ path }) => path.length > 0 || isUnknownKey(branch)));
    if (inner !== undefined)
      return inner.flatMap((nested) => fromIssue({ ...nested, path: [...issue.path, ...nested.path] }, keysAt));
  }
  if (issue.code === 'invalid_key')
    return [{ path: issue.path, atKey: true, message: issue.issues[0]?.message ?? 'is not a name' }];
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ path: issue.path, atKey: false, message: missing ? 'is required' : issue.message }];
}

function unknownKey(key: string, { here, elsewhere }: KnownKeys): string {
  const types = elsewhere.get(key);
  return types === undefined ? `is not known here${nearest(key, here)}` : `is for type: ${types.join(', ')}`;
}

function isUnknownKey(branch: readonly z.core.$ZodIssue[]): boolean {
  return branch.some(({ code }) => code === 'unrecognized_keys');
}
