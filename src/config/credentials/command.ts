import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { duration, flag, notAGroup, text, withDefault } from '../scalars.ts';
import { inject } from './inject.ts';
import { lifetime } from './lifetime.ts';

const noList = 'is not a list of a program and its arguments, each on its own (there is no shell)';
/** What can be handed to a program. */
const argument = z
  .string({ error: 'is not text (quote it: "…")' })
  .refine((given) => !given.includes('\0'), { error: 'has a NUL' });
const variable = text.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'is not the name of an environment variable' });

/** A program that prints a token. */
export function commandSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('command'),
        command: z
          .array(argument, { error: noList })
          .min(1, { error: 'is empty: which program?' })
          .transform(located(folder)),
        env: withDefault(z.record(variable, argument, { error: 'is not a group of names and texts' }), {}),
        timeout: withDefault(duration, '10s'),
        lifetime,
        inject,
        required: withDefault(flag, true),
      },
      { error: notAGroup },
    )
    .transform((given) => ({ ...given, folder: resolve(folder) }));
}

/** A program with a slash in its name is a path, below the folder of the config; another is looked for in PATH when it runs. */
function located(folder: string) {
  return ([program = '', ...args]: string[], context: z.core.$RefinementCtx): readonly string[] => {
    const path = program.includes('/') ? resolve(folder, program) : program;
    const problem =
      program === '' ? 'is empty: which program?' : !program.includes('/') ? undefined : notRunnable(path);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: [0], message: problem });
    return [path, ...args];
  };
}

function notRunnable(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return 'names what is no file';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' ? 'names a file that may not be executed (chmod +x)' : `names no program (${code})`;
  }
}
