import { Failure } from '../errors.ts';
import type { AnswerHead, InboundRequest } from '../exchange.ts';
import { FieldNames } from '../field-names.ts';
import { Fields } from '../fields.ts';

const maxForwards = new FieldNames(['max-forwards'], { twins: false });

/** RFC 9110 §7.6.2: through how many proxies more an OPTIONS may go; undefined: it does not say. */
export function forwardsLeft({ method, fields }: Pick<InboundRequest, 'method' | 'fields'>): number | undefined {
  if (method !== 'OPTIONS') return undefined;
  const [left, second] = fields.all('max-forwards');
  if (left === undefined) return undefined;
  if (second !== undefined || !/^\d{1,9}$/.test(left)) throw new Failure('bad_request', 'Max-Forwards is not a number');
  return Number(left);
}

/** As many as there are left behind this proxy. */
export function withForwards(fields: Fields, left: number): Fields {
  return fields.without(maxForwards).with('Max-Forwards', String(left));
}

/** For an OPTIONS that goes no further: what may be asked of us. */
export function ownOptions(methods: readonly string[]): AnswerHead {
  return { status: 204, reason: 'No Content', fields: new Fields(['Allow', methods.join(', ')]) };
}
