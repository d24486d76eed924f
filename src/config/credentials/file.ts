import * as z from 'zod';
import { filePath, flag, notAGroup, withDefault } from '../scalars.ts';
import { inject } from './inject.ts';

/** A token that somebody else keeps fresh in a file, which may come into being later than this proxy. */
export function fileSchema(folder: string) {
  return z.strictObject(
    { type: z.literal('file'), path: filePath(folder), inject, required: withDefault(flag, true) },
    { error: notAGroup },
  );
}
