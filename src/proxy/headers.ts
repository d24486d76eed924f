import type { AnswerHead, InboundRequest } from '../exchange.ts';
import { FieldNames, plainName } from '../field-names.ts';
import { Fields } from '../fields.ts';
import { connectionFields, forwardedFields, unforwardedFields } from '../own-fields.ts';

/** What a route does to the fields of its requests. */
export interface FieldPolicy {
  /** What of the client's does not go on, in any spelling. */
  readonly dropped: FieldNames;
  /** The same, for a request whose own id goes on. */
  readonly droppedButId: FieldNames;
  /** Name, value, … */
  readonly set: readonly string[];
  /** `X-Forwarded-*` are ours: with this as X-Forwarded-Proto. Undefined: they are the client's. */
  readonly forwarded: 'http' | 'https' | undefined;
}

export interface FieldPolicyOptions {
  /** The field that the token goes into and those that the config removes or sets. */
  readonly dropped: readonly string[];
  readonly set: readonly string[];
  readonly forwarded: FieldPolicy['forwarded'];
}

export function fieldPolicy({ dropped, set, forwarded }: FieldPolicyOptions): FieldPolicy {
  const names = [...unforwardedFields, ...dropped, ...(forwarded === undefined ? [] : forwardedFields.names)];
  return {
    dropped: new FieldNames([...names, 'x-request-id'], { twins: true }),
    droppedButId: new FieldNames(names, { twins: true }),
    set,
    forwarded,
  };
}

export interface ForwardOptions {
  readonly policy: FieldPolicy;
  /** The field that held the client token, if APIs use it too. */
  readonly consumed: FieldNames | undefined;
  /** Who was asked for. */
  readonly host: string;
  /** In forward mode what speaks to a proxy speaks to us. */
  readonly isForward: boolean;
  readonly requestId: string;
  /** The id of this process. */
  readonly hopId: string;
}

/** The fields for an API but for the token: those of the client's that go on, and behind them those that are ours. */
export function forwardable(inbound: InboundRequest, options: ForwardOptions): Fields {
  const { fields } = inbound;
  const { policy, consumed, host, isForward, requestId, hopId } = options;
  const { named, idGoesOn, wantsTrailers } = wishes(fields);
  const keepsId = idGoesOn && named?.has('x-request-id') !== true;
  let kept = fields.without(keepsId ? policy.droppedButId : policy.dropped);
  if (named !== undefined) kept = kept.without(named);
  if (consumed !== undefined) kept = kept.without(consumed);
  if (isForward) kept = kept.without(toProxies(kept));
  const ours = [...policy.set, 'Bearerway-Hop', hopId];
  if (!keepsId) ours.push('X-Request-Id', requestId);
  if (wantsTrailers) ours.push('TE', 'trailers');
  if (policy.forwarded !== undefined) ours.push(...forwarded(inbound.client, host, policy.forwarded));
  return kept.with(...ours);
}

/** What the fields of a request say of themselves. */
const wishes = Fields.question((fields) => ({
  named: namedByConnection(fields),
  idGoesOn: givenRequestId(fields) !== undefined && fields.likeness('x-request-id') === 1,
  wantsTrailers: fields.tokens('te').includes('trailers'),
}));

/** Options of Connection that name no field, or one that does not go on anyway. */
const usualOptions = new Set(['close', 'keep-alive', 'te', 'upgrade', 'transfer-encoding', 'http2-settings']);

/** The other fields that Connection names (RFC 9110 §7.6.1). */
export const namedByConnection = Fields.question((fields): FieldNames | undefined => {
  const options = fields.tokens('connection');
  if (options.every((option) => usualOptions.has(option))) return undefined;
  return new FieldNames(options, { twins: false });
});

/** The client's own request id, if it sent one that can stand in a log. */
export const givenRequestId = Fields.question((fields): string | undefined => {
  const [id, second] = fields.all('x-request-id');
  return id !== undefined && second === undefined && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
});

/** `Proxy-…`, in any spelling. */
function toProxies({ lines }: Fields): FieldNames {
  const names = lines.filter((name, at) => at % 2 === 0 && plainName(name.toLowerCase()).startsWith('proxy-'));
  return new FieldNames(names, { twins: false });
}

function forwarded(client: string, host: string, scheme: string): string[] {
  // RFC 7239 §6.2: a peer on a unix socket has no address.
  const address = client === 'unix:' ? 'unknown' : client.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return ['X-Forwarded-For', address, 'X-Forwarded-Host', host, 'X-Forwarded-Proto', scheme];
}

/** Of an answer these two speak of more than its connection, unless Connection names them. */
const passing = ['trailer', 'proxy-authenticate'];
const unreturned = [...connectionFields.filter((name) => !passing.includes(name)), 'bearerway-retry'];
const dropped = new FieldNames(unreturned, { twins: false });
/** RFC 9110 §8.6: an answer that can have no body has no length. */
const droppedWithoutContent = new FieldNames([...unreturned, 'content-length'], { twins: false });

/** Those of an API's fields that go to the client: all but those of the connection, in order and case. */
export function returnable({ status, fields }: Pick<AnswerHead, 'status' | 'fields'>): Fields {
  const kept = fields.without(status === 204 ? droppedWithoutContent : dropped);
  const named = namedByConnection(fields);
  return named === undefined ? kept : kept.without(named);
}
