/** How a token endpoint answers. */
import { wholeBody } from './body.ts';
import type { StatusOrder } from './fault-order.ts';
import { type AnswerForm, type GrantedToken, type Provider, tokenAnswer } from './providers.ts';
import { errorReply, jsonReply, type Reply, retryAfter, withHeaders } from './reply.ts';
import { type Client, checkTokenRequest, OAuthError, type OAuthErrorCode, usesBasic } from './token-request.ts';
import type { Visit } from './visit.ts';

const MAX_REQUEST_BYTES = 1024 * 1024;

/** What is wrong with a token request; undefined when nothing is. */
export async function refusal(visit: Visit, provider: Provider, client: Client): Promise<Reply | undefined> {
  const { request, method, target, fields } = visit;
  const body = await wholeBody(request, MAX_REQUEST_BYTES);
  if (body === undefined) return oauthError(413, 'invalid_request', 'the body must not be larger than 1 MiB');
  try {
    checkTokenRequest(provider.request, { method, query: target.query, fields, body }, client);
    return undefined;
  } catch (error) {
    if (error instanceof OAuthError) return oauthError(error.status, error.code, error.message);
    throw error;
  }
}

export function granted(token: GrantedToken, form: AnswerForm): Reply {
  return jsonReply(200, tokenAnswer(form, token));
}

export function tokenFault({ status, retryAfterS }: StatusOrder): Reply {
  const reply = oauthError(status, faultCode(status), 'this was asked for through /_sandbox');
  return withHeaders(reply, retryAfter(retryAfterS));
}

/** What every answer of the endpoint bears: RFC 6749 §5.1, never cached; §5.2, the scheme that was refused. */
export function tokenReply(reply: Reply, visit: Visit, provider: Provider): Reply {
  const basicRefused = reply.status === 401 && (provider.request.client === 'basic' || usesBasic(visit.fields));
  return withHeaders(reply, {
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    ...(basicRefused && { 'WWW-Authenticate': 'Basic realm="sandbox"' }),
  });
}

function faultCode(status: number): OAuthErrorCode {
  if (status === 401) return 'invalid_client';
  if (status === 408 || status === 429 || status === 503) return 'temporarily_unavailable';
  return status < 500 ? 'invalid_request' : 'server_error';
}

function oauthError(status: number, code: OAuthErrorCode, description: string): Reply {
  return errorReply(status, code, description);
}
