import * as z from 'zod';
import { duration, fieldValue, freeFieldName, group, text, withDefault, words } from '../scalars.ts';

/** Another name for a parameter; null leaves it out of the request. */
function parameterName(usual: string) {
  return z.preprocess((given) => (given === '' ? undefined : given), text.nullable().default(usual));
}

/** A group of other names for parameters, from their usual ones. */
function parameterNames<N extends string>(usual: Readonly<Record<N, string>>) {
  const names = Object.entries<string>(usual).map(([name, parameter]) => [name, parameterName(parameter)]);
  // Object.fromEntries forgets the names.
  return group(Object.fromEntries(names) as Record<N, ReturnType<typeof parameterName>>);
}

const textMap = z.record(text, z.string({ error: 'is not text (quote it: "…")' }), {
  error: 'is not a group of names and texts',
});

/** The parameters that any grant may have. */
const commonParameters = {
  clientId: 'client_id',
  clientSecret: 'client_secret',
  grantType: 'grant_type',
  scope: 'scope',
  audience: 'audience',
};

/** How a token request is spelt. `parameters`: those that this grant has besides, and their usual names. */
export function request<N extends string = never>(parameters?: Readonly<Record<N, string>>) {
  return group({
    format: withDefault(words('form', 'json'), 'form'),
    headers: withDefault(
      z.record(freeFieldName, fieldValue, { error: 'is not a group of field names and values' }),
      {},
    ),
    params: withDefault(textMap, {}),
    query: withDefault(textMap, {}),
    // Without parameters of its own, N is never.
    fields: parameterNames({ ...commonParameters, ...(parameters ?? ({} as Record<N, string>)) }),
    timeout: withDefault(duration, '10s'),
  });
}
