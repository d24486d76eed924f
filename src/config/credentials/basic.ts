import * as z from 'zod';
import { everywhere, flag, freeFieldName, group, notAGroup, optional, text, withDefault } from '../scalars.ts';
import { requiredSecret, secretKeys, secretRules } from './secrets.ts';

/** RFC 7617 §2. */
const noControls = { error: 'has a control character (such as a line break), which RFC 7617 forbids' };
const username = text
  .refine((given) => !given.includes(':'), { error: 'has a ":", where the password would begin (RFC 7617)' })
  .refine((given) => !/\p{Cc}/u.test(given), noControls);
const password = text.refine((given) => !/\p{Cc}/u.test(given), noControls);

/** A name and a password for HTTP Basic. */
export function basicSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('basic'),
        username,
        ...secretKeys('password', folder),
        password: optional(password),
        inject: group({ header: optional(freeFieldName) }),
        required: withDefault(flag, true),
      },
      { error: notAGroup },
    )
    .check(everywhere((spelt, fault) => secretRules('password', { spelt, required: true }, fault)))
    .transform(({ password, passwordFile, inject, ...rest }) => ({
      ...rest,
      password: requiredSecret('password', { password, passwordFile }),
      inject: { ...inject, scheme: 'Basic' },
    }));
}
