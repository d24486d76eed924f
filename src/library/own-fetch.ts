import type { Callers } from '../app/callers.ts';
import type { InboundBody } from '../exchange.ts';
import { FieldNames } from '../field-names.ts';
import { Fields } from '../fields.ts';
import { unforwardedFields } from '../own-fields.ts';
import { Stop } from '../stop.ts';
import { OwnAnswer } from './own-answer.ts';
import { isRepeatable, StreamedBody, wholeBody } from './own-body.ts';

/** Framing, Host and connection are not a caller's to say. */
const dropped = new FieldNames(unforwardedFields, { twins: false });

/** A request by the proxy's own routes, without a socket. Rejects as `fetch` of {@link Bearerway}. */
export async function ownFetch(
  callers: Pick<Callers, 'serve'>,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const path = typeof input === 'string' && input.startsWith('/') ? input : undefined;
  const request = new Request(path === undefined ? input : 'http://localhost', withDuplex(init));
  const target = (path ?? request.url).replace(/#.*$/, '');
  request.signal.throwIfAborted();
  const body = await bodyOf(request, init.body === undefined ? input : init.body);
  request.signal.throwIfAborted();
  const response = await sent(callers, { request, target, body });
  if (
    request.redirect !== 'error' ||
    response.status < 300 ||
    response.status > 399 ||
    !response.headers.has('location')
  )
    return response;
  await response.body?.cancel();
  throw new TypeError('the answer is a redirect, and redirect is "error"');
}

interface Sent {
  readonly request: Request;
  readonly target: string;
  readonly body: InboundBody | StreamedBody | undefined;
}

async function sent(callers: Pick<Callers, 'serve'>, { request, target, body }: Sent): Promise<Response> {
  const { method, headers, signal } = request;
  const left = new Stop();
  const leave = (): void => {
    left.abort();
    if (body instanceof StreamedBody) void body.cancel();
  };
  const answer = new OwnAnswer({ isHead: method === 'HEAD', leave });
  const aborted = (): void => {
    leave();
    answer.break(signal.reason);
  };
  signal.addEventListener('abort', aborted, { once: true });
  const lines = [...headers].flat();
  // An answer is passed on as it comes, so one that needs no decoding is asked for.
  if (!headers.has('accept-encoding')) lines.push('accept-encoding', 'identity');
  callers.serve({ method, target, fields: new Fields(lines).without(dropped), body }, answer, left);
  return await answer.response;
}

/** A stream is sent while it comes. */
function withDuplex(init: RequestInit): RequestInit {
  return isRepeatable(init.body) ? init : { ...init, duplex: 'half' };
}

async function bodyOf(request: Request, given: unknown): Promise<InboundBody | undefined> {
  if (request.body === null) return undefined;
  const isStream = given instanceof Request || !isRepeatable(given);
  return isStream ? new StreamedBody(request.body) : wholeBody(Buffer.from(await request.arrayBuffer()));
}
