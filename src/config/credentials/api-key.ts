import * as z from 'zod';
import { everywhere, type Fault, fieldValue, flag, notAGroup, withDefault } from '../scalars.ts';
import { inject } from './inject.ts';
import { requiredSecret, type SpeltSecret, secretKeys, secretRules } from './secrets.ts';

/** A key that goes where the API wants it. */
export function apiKeySchema(folder: string) {
  return z
    .strictObject(
      { type: z.literal('api_key'), ...secretKeys('value', folder), inject, required: withDefault(flag, true) },
      { error: notAGroup },
    )
    .check(everywhere(rules))
    .transform(({ value, valueFile, inject, ...rest }) => ({
      ...rest,
      value: requiredSecret('value', { value, valueFile }),
      // There is no scheme that goes without saying.
      inject: inject.query === undefined ? { ...inject, scheme: inject.scheme ?? '' } : inject,
    }));
}

interface Spelt extends SpeltSecret<'value'> {
  readonly inject?: { readonly header?: unknown; readonly query?: unknown } | null | undefined;
}

function rules(spelt: Spelt, fault: Fault): void {
  const { header, query } = spelt.inject ?? {};
  if (header === undefined && query === undefined)
    fault(['inject'], 'is required: the header or the query parameter that the API wants its key in');
  if (typeof spelt.value === 'string' && query === undefined && !fieldValue.safeParse(spelt.value).success)
    fault(['value'], 'is not a field value of visible ASCII');
  secretRules('value', { spelt, required: true }, fault);
}
