/** How a provider's API answers: an echo to who bears a current token, 401 to everybody else. */
import type { Fields } from '../fields.ts';
import { digestBody } from './body.ts';
import type { StatusOrder } from './fault-order.ts';
import { errorReply, jsonReply, type Reply, retryAfter, withHeaders } from './reply.ts';
import type { Visit } from './visit.ts';

export const invalidToken: Reply = withHeaders(
  errorReply(401, 'invalid_token', 'the access token is missing, unknown, expired or revoked'),
  { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
);

/** The token a request bears (RFC 6750 §2.1). None of two: it is not known which of them was meant. */
export function bearerToken(fields: Fields): string | undefined {
  const [value, ...others] = fields.all('authorization');
  if (value === undefined || others.length > 0) return undefined;
  return /^bearer +(\S+)$/i.exec(value)?.[1];
}

export interface AcceptedToken {
  readonly text: string;
  readonly number: number;
}

/** Tells the client what it sent, the token masked. Rejects when the client leaves. */
export async function echo(visit: Visit, provider: string, token: AcceptedToken): Promise<Reply> {
  const { method, target, fields } = visit;
  const { path, query } = target;
  const digest = await digestBody(visit.request);
  const reply = jsonReply(200, {
    ...{ provider, method, path, query, headers: headersOf(fields) },
    ...digest,
    tokenNumber: token.number,
  });
  // A token has no character that JSON escapes: it stands in the text as it is, wherever it came from.
  return { ...reply, body: reply.body.replaceAll(token.text, '***') };
}

export function apiFault({ status, retryAfterS }: StatusOrder): Reply {
  const asked = errorReply(status, 'fault', 'this was asked for through /_sandbox');
  return withHeaders(status === 401 ? invalidToken : asked, retryAfter(retryAfterS));
}

/** By lower-cased name, in the order of first appearance; a name that came more than once has an array. */
function headersOf(fields: Fields): Readonly<Record<string, string | string[]>> {
  const { lines } = fields;
  const byName = new Map<string, string[]>();
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] ?? '').toLowerCase();
    const values = byName.get(name) ?? [];
    values.push(lines[i + 1] ?? '');
    byName.set(name, values);
  }
  return Object.fromEntries(
    [...byName].map(([name, [first = '', ...more]]) => [name, more.length > 0 ? [first, ...more] : first]),
  );
}
