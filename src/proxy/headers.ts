import type { AnswerHead, InboundRequest } from '../exchange.ts';
import type { Fields } from '../fields.ts';
import { connectionFields, forwardedFields, plainName, unforwardedFields } from '../own-fields.ts';

/** What a route does to the fields of its requests. */
export interface FieldPolicy {
  /** As {@link plainName} has them: the field that the token goes into and those that the config removes or sets. */
  readonly dropped: ReadonlySet<string>;
  /** Name, value, … */
  readonly set: readonly string[];
  /** `X-Forwarded-*` are ours. */
  readonly forwarded: boolean;
}

export interface ForwardOptions {
  readonly policy: FieldPolicy;
  /** The field that held the client token, if APIs use it too; in lower case. */
  readonly consumed: string | undefined;
  readonly requestId: string;
  /** The id of this process. */
  readonly hopId: string;
}

/** The fields for an API but for the token: those of the client's that go on, and behind them those that are ours. */
export function forwardable(inbound: InboundRequest, { policy, consumed, requestId, hopId }: ForwardOptions): Fields {
  const { fields } = inbound;
  const named = new Set(fields.tokens('connection'));
  const idIsGiven = givenRequestId(fields) !== undefined && !named.has('x-request-id');
  const kept = fields.without((name) => {
    const plain = plainName(name);
    return (
      named.has(name) ||
      unforwardedFields.has(plain) ||
      policy.dropped.has(plain) ||
      plain === consumed ||
      (policy.forwarded && forwardedFields.has(plain)) ||
      (plain === 'x-request-id' && !(idIsGiven && name === plain))
    );
  });
  const ours = [...policy.set, 'Bearerway-Hop', hopId];
  if (!idIsGiven) ours.push('X-Request-Id', requestId);
  if (fields.tokens('te').includes('trailers')) ours.push('TE', 'trailers');
  if (policy.forwarded) ours.push(...forwarded(inbound));
  return kept.with(...ours);
}

/** The client's own request id, if it sent one that can stand in a log. */
export function givenRequestId(fields: Fields): string | undefined {
  const [id, second] = fields.all('x-request-id');
  return id !== undefined && second === undefined && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}

function forwarded({ client, fields }: InboundRequest): string[] {
  const address = client.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return ['X-Forwarded-For', address, 'X-Forwarded-Host', fields.get('host') ?? '', 'X-Forwarded-Proto', 'http'];
}

/** Those of an API's fields that go to the client: all but those of the connection, in order and case. */
export function returnable({ status, fields }: Pick<AnswerHead, 'status' | 'fields'>): Fields {
  const named = new Set(fields.tokens('connection'));
  return fields.without((name) => {
    if (name === 'trailer' || name === 'proxy-authenticate') return named.has(name);
    // RFC 9110 §8.6: an answer that can have no body has no length.
    if (name === 'content-length' && status === 204) return true;
    return connectionFields.has(name) || named.has(name) || name === 'bearerway-retry';
  });
}
