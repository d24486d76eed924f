import { z } from 'zod';
import { duration, fieldValue, freeFieldName, group, text, withDefault, words } from '../scalars.ts';

/** Another name for a parameter; null leaves it out of the request. */
function parameterName(usual: string) {
  return z.preprocess((given) => (given === '' ? undefined : given), text.nullable().default(usual));
}

const textMap = z.record(text, z.string({ error: 'is not text (quote it: "…")' }), {
  error: 'is not a group of names and texts',
});

/** The parameters that any grant may have, each with its usual name. */
const commonFields = {
  clientId: parameterName('client_id'),
  clientSecret: parameterName('client_secret'),
  grantType: parameterName('grant_type'),
  scope: parameterName('scope'),
  audience: parameterName('audience'),
};

/** How a token request is spelt. */
export const request = group({
  format: withDefault(words('form', 'json'), 'form'),
  headers: withDefault(z.record(freeFieldName, fieldValue, { error: 'is not a group of field names and values' }), {}),
  params: withDefault(textMap, {}),
  query: withDefault(textMap, {}),
  fields: group(commonFields),
  timeout: withDefault(duration, '10s'),
});
