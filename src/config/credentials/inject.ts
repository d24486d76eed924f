import * as z from 'zod';
import { emptyAsAbsent, everywhere, fieldValue, freeFieldName, notAGroup, optional, text } from '../scalars.ts';

/** Where a token goes on a request. */
export const inject = z
  .preprocess(
    (given) => emptyAsAbsent(given) ?? {},
    z.strictObject(
      {
        header: optional(freeFieldName),
        // An empty one is a value here: it sends the bare token.
        scheme: z.preprocess((given) => given ?? undefined, fieldValue.optional()),
        query: optional(text),
      },
      { error: notAGroup },
    ),
  )
  .check(
    everywhere(({ header, scheme, query }, fault) => {
      if (query !== undefined && (header !== undefined || scheme !== undefined)) {
        fault(['query'], 'stands beside header or scheme (a token goes into one place)');
      }
    }),
  );
