/** The token endpoint refuses: by its status, and by the `error` of RFC 6749 §5.2 and its relatives. */
import { errorCodes } from '../../auth/token-response.ts';
import type { Heard } from '../token-attempt.ts';
import { aboutClient } from './client.ts';
import { signs, skewInWords, skewMsOf } from './clock.ts';
import type { Diagnosis, Finding, GrantConfig, Refusal } from './symptoms.ts';

export function aboutRefusal(refusal: Refusal): Diagnosis {
  const { heard, options } = refusal;
  const error = errorIn(heard.body);
  const says = `the token endpoint answers ${heard.status}${error === undefined ? '' : ` ${error}`}`;
  if (heard.status >= 500 || heard.status === 429 || heard.status === 408) return aboutOutage(says, refusal);
  const { what, remedy } =
    aboutClock(heard, options) ?? (error && byError(error, refusal)) ?? byStatus(heard.status, refusal) ?? unknown;
  return { cause: `${says}: ${what}`, remedy };
}

const unknown: Finding = {
  what: 'it does not say why',
  remedy: 'compare the request with the documentation of the server: request.format, request.fields, scope, audience',
};

/** Those that mean something here; any other text of an answer is nobody's to repeat. */
const known = [...errorCodes, 'access_denied'] as const;

function errorIn(body: string): (typeof known)[number] | undefined {
  try {
    const json: unknown = JSON.parse(body);
    const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : undefined;
    return known.find((each) => each === error);
  } catch {
    return undefined;
  }
}

function aboutClock(heard: Heard, options: GrantConfig): Finding | undefined {
  const skewMs = signs(options) ? skewMsOf(heard) : undefined;
  if (skewMs === undefined) return undefined;
  return {
    what: `${skewInWords(skewMs)}, so that what is signed here is not valid there`,
    remedy: 'set the clock (timedatectl set-ntp true, where systemd keeps it)',
  };
}

function byError(error: (typeof known)[number], refusal: Refusal): Finding {
  const { options, heard } = refusal;
  switch (error) {
    case 'invalid_client':
      return aboutClient(refusal);
    case 'unauthorized_client':
      // Keycloak calls a wrong secret so.
      if (heard.status === 401) return aboutClient(refusal);
      return {
        what: 'this client may not use this grant',
        remedy: `have the grant ${options.type} enabled for it where it is registered, or use the type that is`,
      };
    case 'unsupported_grant_type':
      return {
        what: `it knows no grant ${options.type}, or did not find grant_type in the body`,
        remedy: `${otherFormat(options)}; else another type of credential`,
      };
    case 'invalid_scope':
      return {
        what:
          options.scope === undefined
            ? 'it wants a scope'
            : 'it does not know the scope, or this client may not have it',
        remedy: 'scope: as the server spells it (see what is granted to the client where it is registered)',
      };
    case 'invalid_target':
      return { what: 'it does not know the API that the token is for', remedy: targetRemedy(options) };
    case 'access_denied':
      // Auth0 calls a wrong secret so.
      if (heard.status === 401) return aboutClient(refusal);
      return { what: 'this client may have no token for this API', remedy: deniedRemedy(options) };
    case 'invalid_grant':
      return aboutGrant(options);
    case 'invalid_request':
      return {
        what: 'it misses a parameter, or cannot read the body',
        remedy: `${otherFormat(options)}; or what the documentation asks for besides: scope, audience, request.params, request.fields`,
      };
  }
}

function byStatus(status: number, refusal: Refusal): Finding | undefined {
  const { options } = refusal;
  if (status === 415) return { what: 'it cannot read the body', remedy: otherFormat(options) };
  if (status === 404 || status === 405 || status === 410)
    return {
      what: 'there is no token endpoint',
      remedy: 'look at the path in tokenUrl (or baseUrl); issuer instead would find it by its metadata',
    };
  if (status === 401) return aboutClient(refusal);
  if (status === 403) return { what: 'this client may have no token', remedy: deniedRemedy(options) };
  if (status === 400)
    return {
      what: 'it does not say why',
      remedy: `${otherFormat(options)}; or what the documentation asks for besides: scope, audience, request.params`,
    };
  return undefined;
}

function otherFormat({ request }: GrantConfig): string {
  return `request.format: ${request.format === 'json' ? 'form' : 'json'}`;
}

function targetRemedy({ audience }: GrantConfig): string {
  return audience === undefined
    ? 'audience (or resource, where the server goes by RFC 8707): the name that the server has for the API'
    : 'audience and resource: the name that the server has for the API, to the letter';
}

function deniedRemedy(options: GrantConfig): string {
  return `${targetRemedy(options)}; and grant the client the rights on it where it is registered`;
}

function aboutGrant({ type }: GrantConfig): Finding {
  switch (type) {
    case 'refresh_token':
      return {
        what: 'the refresh token has expired, was revoked, or was used by somebody else',
        remedy: 'log in again and put the new one in its place (refreshTokenFile); one client alone may use it',
      };
    case 'password':
      return { what: 'it does not know this user by this password', remedy: 'username, and password or passwordFile' };
    case 'jwt_bearer':
      return {
        what: 'it does not accept the assertion',
        remedy: 'claims (iss, sub, aud), and that the key is the one registered there; keyId, if it has several',
      };
    case 'token_exchange':
      return {
        what: 'it does not accept the token that is to be exchanged',
        remedy: 'subjectToken: one that has not expired, and is for this server; subjectTokenType: what it is',
      };
    default:
      return { what: 'it does not accept the grant', remedy: 'have client_credentials enabled for the client' };
  }
}

function aboutOutage(says: string, { heard, options }: Refusal): Diagnosis {
  if (heard.status === 429)
    return {
      cause: `${says}: it is asked too often`,
      remedy: 'wait, and let several proxies share their tokens (tokenStore.redis)',
    };
  return {
    cause: `${says}: it is out of order, or cannot digest the request`,
    remedy: `try again; if it stays so, ${otherFormat(options)}, or ask whoever runs it`,
  };
}
