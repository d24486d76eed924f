import * as z from 'zod';
import { fileSecret } from '../../secret.ts';
import { serviceAccount } from '../../service-account.ts';
import { signingKey } from '../../signing-key.ts';
import { contentOf, everywhere, type Fault, notAGroup, optional, secretFile, text } from '../scalars.ts';
import { tokenEndpoint } from '../urls.ts';
import { clientKeys, clientOf, clientRules, type SpeltClient } from './client.ts';
import { endpointRules, type SpeltEndpoint } from './endpoint.ts';
import { grantKeys } from './grant.ts';
import { isGroup } from './presets.ts';
import { request } from './request.ts';
import { isSpelt, type SpeltSecret, secretKeys, secretOf, secretRules } from './secrets.ts';

const ownClaims = ['exp', 'iat', 'nbf', 'jti'];
const claim = z.union([text, z.number(), z.boolean(), z.array(text)], {
  error: 'is not a claim (text, a number, true or false, or a list of texts)',
});
const claims = z.record(text, claim, { error: 'is not a group of claims' }).check(
  everywhere((given, fault) => {
    for (const name of ownClaims)
      if (Object.hasOwn(given, name)) fault([name], 'is made anew for each assertion (leave it out)');
    for (const name of ['iss', 'sub'])
      if (Object.hasOwn(given, name) && typeof given[name] !== 'string') fault([name], 'is not text (quote it: "…")');
  }),
);

/** RFC 7523 §2.1: an assertion, signed here or by somebody else. */
export function jwtBearerSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('jwt_bearer'),
        ...clientKeys(folder),
        ...grantKeys(folder),
        ...secretKeys('assertion', folder),
        serviceAccountFile: optional(secretFile(folder)),
        claims: optional(claims),
        request: request({ assertion: 'assertion' }),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules))
    .transform(({ assertion, assertionFile, serviceAccountFile, tokenUrl, ...rest }) => ({
      ...clientOf(rest),
      tokenUrl: tokenUrl ?? (rest.issuer === undefined ? tokenUriIn(serviceAccountFile) : undefined),
      assertion: secretOf('assertion', { assertion, assertionFile }),
      serviceAccount: serviceAccountFile === undefined ? undefined : fileSecret(serviceAccountFile),
    }));
}

interface Spelt extends SpeltClient, SpeltEndpoint, SpeltSecret<'assertion'> {
  readonly serviceAccountFile?: string | undefined;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

function rules(spelt: Spelt, fault: Fault): void {
  const { serviceAccountFile: account, claims, clientId, tokenUrl, issuer } = spelt;
  const whole = isSpelt('assertion', spelt);
  // With a whole assertion, or a service account's own key, it is the client's.
  const key = isSpelt('privateKey', spelt) && spelt.clientAuth !== 'private_key_jwt';
  const signs = isSpelt('privateKey', spelt) && !whole && account === undefined;
  endpointRules(spelt, account === undefined ? 'an issuer, or a serviceAccountFile' : undefined, fault);
  clientRules(spelt, { signs }, fault);
  secretRules('assertion', { spelt }, fault);
  if (!whole && account === undefined && !isSpelt('privateKey', spelt))
    fault(['privateKey'], 'is required (or privateKeyFile, serviceAccountFile, or a whole assertion)');
  if (account !== undefined && (whole || key))
    fault(['serviceAccountFile'], `stands beside ${whole ? 'assertion' : 'privateKey'} (one of them would be right)`);
  if (whole && claims !== undefined) fault(['claims'], 'is for an assertion that is signed here');
  // Claims that are none are told already.
  if (signs && clientId === undefined && (claims === undefined || (isGroup(claims) && claims['iss'] === undefined)))
    fault(['claims', 'iss'], 'is required (who signs; or a clientId)');
  if (account !== undefined) accountRules(account, tokenUrl === undefined && issuer === undefined, fault);
}

/** `asked`: its own token endpoint is the one that is used. */
function accountRules(file: unknown, asked: boolean, fault: Fault): void {
  const content = typeof file === 'string' ? contentOf(file) : undefined;
  if (content === undefined) return;
  try {
    const { privateKey, tokenUri } = serviceAccount(content);
    signingKey(privateKey, 'RS256');
    if (asked && !tokenEndpoint.safeParse(tokenUri).success)
      fault(['tokenUrl'], 'is required (the service account names no token endpoint with https)');
  } catch (error) {
    fault(['serviceAccountFile'], `names a file that ${(error as Error).message}`);
  }
}

function tokenUriIn(file: string | undefined): string | undefined {
  const content = file === undefined ? undefined : contentOf(file);
  return content === undefined ? undefined : tokenEndpoint.parse(serviceAccount(content).tokenUri);
}
