/** Trailers (RFC 9110 §6.5), either way: what says where a message goes and where it ends stands before it, or says nothing. */
import type { AnswerHead } from '../exchange.ts';
import { FieldNames } from '../field-names.ts';
import { Fields } from '../fields.ts';
import { ownFields } from '../own-fields.ts';
import { type FieldPolicy, namedByConnection, returnable } from './headers.ts';

/**
 * Those for an API: what a client could not set at the head of this request it cannot set behind it. `head` is the
 * fields that came there.
 */
export function forwardableTrailers(trailers: Fields, head: Fields, policy: FieldPolicy): Fields {
  if (trailers.count === 0) return Fields.none;
  return withoutNamed(trailers.without(ownFields).without(policy.dropped), head);
}

const headOnly = new FieldNames(['content-length', 'host', 'trailer', 'proxy-authenticate'], { twins: false });

/** Those for the client, of an answer with that head. */
export function returnableTrailers({ status, fields }: AnswerHead, trailers: Fields): Fields {
  return withoutNamed(returnable({ status, fields: trailers }).without(headOnly), fields);
}

function withoutNamed(trailers: Fields, head: Fields): Fields {
  const named = namedByConnection(head);
  return named === undefined ? trailers : trailers.without(named);
}
