import * as z from 'zod';
import { everywhere, flag, notAGroup, optional, text, withDefault } from '../scalars.ts';
import { inject } from './inject.ts';
import { requiredSecret, secretKeys, secretRules } from './secrets.ts';

const token = text.max(16_384, { error: 'is longer than any header may be' }).regex(/^[\x21-\x7e]*$/, {
  error: 'is no token: it has a space or what is not ASCII (a scheme such as Bearer stands in inject.scheme)',
});

/** A token that somebody made by hand. */
export function staticSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('static'),
        ...secretKeys('token', folder),
        token: optional(token),
        inject,
        required: withDefault(flag, true),
      },
      { error: notAGroup },
    )
    .check(everywhere((spelt, fault) => secretRules('token', { spelt, required: true }, fault)))
    .transform(({ token, tokenFile, ...rest }) => ({
      ...rest,
      token: requiredSecret('token', { token, tokenFile }),
    }));
}
