/** What of Upgrade (RFC 9110 §7.8) is understood, in a request and in the 101 that accepts it. */
import { Failure } from '../errors.ts';
import type { Fields } from '../fields.ts';
import { tokenEnd } from './grammar.ts';

/** What is in them is HTTP again: requests that nobody here would see, and that no rule of ours would hold for. */
const carriersOfHttp = new Set(['h2c', 'h2', 'http', 'tls']);

const none: readonly string[] = [];

/** The protocols that a client would rather speak, as it spells them; what is no protocol is overlooked. */
export function protocolsAsked(fields: Fields): readonly string[] {
  if (fields.get('upgrade') === undefined) return none;
  return membersOf(fields).filter((member) => {
    const [name = ''] = member.toLowerCase().split('/', 1);
    return isProtocol(member) && !carriersOfHttp.has(name);
  });
}

/** The one that a 101 with these fields changes to. Throws unless that is one that was asked for. */
export function protocolAccepted(fields: Fields, asked: readonly string[]): string {
  if (asked.length === 0) throw new Failure('upstream_invalid', 'a change of protocols that nobody asked for');
  const members = membersOf(fields);
  const wanted = new Set(asked.map((protocol) => protocol.toLowerCase()));
  if (members.length === 0 || !members.every((member) => wanted.has(member.toLowerCase())))
    throw new Failure('upstream_invalid', 'a change to another protocol than was asked for');
  if (!fields.tokens('connection').includes('upgrade'))
    throw new Failure('upstream_invalid', 'a change of protocols without Connection: upgrade');
  // RFC 9110 §8.6, RFC 9112 §6.1: a 1xx has no content; whoever says that it has means another end of the head than we do.
  if (fields.get('content-length') !== undefined || fields.get('transfer-encoding') !== undefined)
    throw new Failure('upstream_invalid', 'a change of protocols with a body');
  return members.join(', ');
}

function membersOf(fields: Fields): string[] {
  return fields
    .all('upgrade')
    .flatMap((value) => value.split(','))
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

/** token ["/" token] */
function isProtocol(member: string): boolean {
  const nameEnd = tokenEnd(member, 0, member.length);
  if (nameEnd === 0) return false;
  if (nameEnd === member.length) return true;
  const version = nameEnd + 1;
  return (
    member[nameEnd] === '/' && version < member.length && tokenEnd(member, version, member.length) === member.length
  );
}
