/** What all grants of OAuth 2 have in common. */
import * as z from 'zod';
import { flag, optional, text, withDefault } from '../scalars.ts';
import { endpointKeys } from './endpoint.ts';
import { inject } from './inject.ts';
import { lifetime } from './lifetime.ts';
import { listOf, scopes } from './lists.ts';
import { response } from './response.ts';

const notResource = { error: 'is not a resource (an absolute URI without a fragment, RFC 8707 §2)' };
const resource = text.refine((given) => URL.canParse(given) && !given.includes('#'), notResource);
const resources = z
  .union([resource.transform((given) => [given]), listOf(resource)], notResource)
  .transform((given): readonly string[] => given);

export function grantKeys(folder: string) {
  return {
    ...endpointKeys(folder),
    scope: optional(scopes),
    audience: optional(text),
    resource: optional(resources),
    response,
    lifetime,
    inject,
    required: withDefault(flag, true),
  };
}
