import type { AnswerHead, InboundRequest } from '../exchange.ts';
import type { Fields } from '../fields.ts';

/** Fields that speak of one connection only (RFC 9110 §7.6.1), or of framing, which is the sender's own. */
const connectionFields = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** On requests besides: framing and authority are made anew, expectations are met here, the rest is for us alone. */
const ownRequestFields = new Set([...connectionFields, 'host', 'content-length', 'expect', 'bearerway-client-token']);

/** What a route does to the fields of its requests. */
export interface FieldPolicy {
  /** As {@link plainName} has them: the field that the token goes into and those that the config removes or sets. */
  readonly dropped: ReadonlySet<string>;
  /** Name, value, … */
  readonly set: readonly string[];
  /** `X-Forwarded-*` are ours. */
  readonly forwarded: boolean;
}

const forwardedFields = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

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
      ownRequestFields.has(plain) ||
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

/**
 * A name in lower case without its disguise: its twins, spelt with other characters (`transfer_encoding`,
 * `authorization_`), as the servers see them that fold them.
 */
export function plainName(name: string): string {
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return name;
  return name.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
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
