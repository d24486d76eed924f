import { Failure } from '../errors.ts';
import { FieldNames, nameHash } from '../field-names.ts';
import { Fields } from '../fields.ts';
import { ScannedLines, SPAN } from '../scanned-lines.ts';
import { COLON, isBlank, malformed, tokenEnd, valueEnd } from './grammar.ts';
import type { Lines } from './lines.ts';

/** Bounds on a field section. */
export interface SectionLimits {
  /** Bytes of all lines. */
  readonly headerSize: number;
  readonly headerCount: number;
}

const HOST = nameHash('host', 0, 4);
const EXPECT = nameHash('expect', 0, 6);
const CONNECTION = nameHash('connection', 0, 10);
const CONTENT_LENGTH = nameHash('content-length', 0, 14);
const TRANSFER_ENCODING = nameHash('transfer-encoding', 0, 17);

/** Reads field lines (RFC 9112 §5) up to the empty line, and finds out what they say of the message's end. */
export class FieldSection {
  readonly #limits: SectionLimits;
  /** Where in the lines it begins; -1 as long as it has not. */
  #start = -1;
  /** The last whole one, its empty line included. */
  #known = '';
  fields = Fields.none;
  /** As {@link ScannedLines} has them; as many as `#end` says, the others are of sections before. */
  readonly #spans: number[] = [];
  #end = 0;
  #size = 0;
  /** What `checkFraming` found out. */
  contentLength: number | undefined;
  /** Of the transfer codings there is this one. */
  chunked = false;
  /** How many Host fields there are. */
  hosts = 0;
  /** The values of Connection, in lower case, with a comma between them; and those of Expect. */
  connection = '';
  expect = '';
  #lengths = 0;
  #length = '';
  #codings = 0;
  #coding = '';
  /** What `old` was when its framing was checked last. */
  #checkedOld: boolean | undefined;

  constructor(limits: SectionLimits) {
    this.#limits = limits;
  }

  /** Ready for another one. */
  clear(): void {
    this.#start = -1;
  }

  /** Takes what lines there are. True: the empty line was among them. Throws the Failure of what is wrong. */
  read(lines: Lines): boolean {
    if (this.#start === -1) {
      // The same is said again and again: a section with the bytes of the last one means what that one meant.
      if (lines.skip(this.#known)) return true;
      this.#begin(lines.at);
    }
    while (lines.next(Math.max(0, this.#limits.headerSize - this.#size - 2), this.#tooLarge)) {
      const { text, start, end } = lines;
      if (start === end) {
        this.#known = text.slice(this.#start, lines.at);
        if (this.#end > 0) this.fields = new Fields([], new ScannedLines(text, this.#spans.slice(0, this.#end)));
        return true;
      }
      this.#size += end - start + 2;
      this.#take(text, start, end);
    }
    return false;
  }

  #begin(start: number): void {
    this.#start = start;
    this.#known = '';
    this.fields = Fields.none;
    this.#end = 0;
    this.#size = 0;
    this.hosts = 0;
    this.connection = '';
    this.expect = '';
    this.#lengths = 0;
    this.#codings = 0;
    this.#checkedOld = undefined;
  }

  /** True if Connection has that option. */
  connectionHas(option: string): boolean {
    return hasMember(this.connection, option);
  }

  /** True if Expect has that expectation. */
  expects(expectation: string): boolean {
    return hasMember(this.expect, expectation);
  }

  readonly #tooLarge = (): Failure =>
    new Failure('header_too_large', `the fields have more than ${this.#limits.headerSize} bytes`);

  #take(text: string, start: number, end: number): void {
    if (this.#end >= SPAN * this.#limits.headerCount)
      throw new Failure('header_too_large', `more than ${this.#limits.headerCount} fields`);
    const colon = tokenEnd(text, start, end);
    if (colon === start || colon === end || text.charCodeAt(colon) !== COLON) throw nameless(text, start, end, colon);
    let from = colon + 1;
    while (from < end && isBlank(text.charCodeAt(from))) from += 1;
    let to = end;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
    if (valueEnd(text, from, to) !== to) throw malformed('a field value has a character that may not stand in one');
    const hash = nameHash(text, start, colon);
    const spans = this.#spans;
    const at = this.#end;
    spans[at] = start;
    spans[at + 1] = colon;
    spans[at + 2] = from;
    spans[at + 3] = to;
    spans[at + 4] = end + 2;
    spans[at + 5] = hash;
    this.#end = at + SPAN;
    if (isNoted(hash)) this.#note(text.slice(start, colon).toLowerCase(), text.slice(from, to));
  }

  /** The fields that say where a message ends, and what becomes of the connection. */
  #note(name: string, value: string): void {
    if (name === 'host') this.hosts += 1;
    else if (name === 'expect') this.expect = joined(this.expect, value);
    else if (name === 'connection') this.connection = joined(this.connection, value);
    else if (name === 'content-length') {
      this.#lengths += 1;
      this.#length = value;
    } else if (name === 'transfer-encoding') {
      this.#codings += 1;
      this.#coding = value;
    }
  }

  /** RFC 9112 §6: where the message ends. Whoever says so twice is smuggling. `old`: HTTP/1.0, which has no codings. */
  checkFraming(old: boolean): void {
    if (this.#checkedOld === old) return;
    this.contentLength = undefined;
    this.chunked = false;
    this.#readFraming(old);
    this.#checkedOld = old;
  }

  #readFraming(old: boolean): void {
    if (this.#lengths === 0 && this.#codings === 0) return;
    if (this.#lengths > 1) throw malformed('two Content-Length fields');
    if (this.#lengths > 0 && !/^\d{1,15}$/.test(this.#length)) throw malformed('the Content-Length is not a number');
    if (this.#codings > 1) throw malformed('two Transfer-Encoding fields');
    if (this.#lengths > 0 && this.#codings > 0) throw malformed('Content-Length and Transfer-Encoding at once');
    if (this.#lengths > 0) this.contentLength = Number(this.#length);
    if (this.#codings === 0) return;
    if (old) throw malformed('a Transfer-Encoding in HTTP/1.0');
    // RFC 9112 §7: the only coding that is understood, and only by that spelling.
    if (this.#coding.toLowerCase() !== 'chunked')
      throw new Failure('not_implemented', 'a transfer coding other than chunked');
    this.chunked = true;
  }
}

/** Both values of a list-based field (RFC 9110 §5.3), in lower case. */
function joined(before: string, value: string): string {
  return `${before}${before === '' ? '' : ','}${value.toLowerCase()}`;
}

function hasMember(list: string, member: string): boolean {
  return list !== '' && list.split(',').some((given) => given.trim() === member);
}

/** Why a line has no name in front of a colon. */
function nameless(text: string, start: number, end: number, nameEnd: number): Failure {
  if (isBlank(text.charCodeAt(start))) return malformed('a field line begins with white space (folding is not taken)');
  if (nameEnd === end) return malformed('a field line has no colon');
  if (nameEnd === start) return malformed('a field has no name');
  if (isBlank(text.charCodeAt(nameEnd))) return malformed('white space in a field name or in front of its colon');
  return malformed('a field name has a character that may not stand in one');
}

/** RFC 9110 §6.5.1: fields that speak of framing, routing, authentication or the connection are no trailers. */
const neverTrailers = new FieldNames(
  [
    ...['transfer-encoding', 'content-length', 'host', 'trailer', 'te', 'connection', 'keep-alive', 'upgrade'],
    ...['proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'authorization', 'www-authenticate'],
    ...['cookie', 'set-cookie', 'expect', 'cache-control', 'max-forwards', 'range', 'content-encoding'],
    ...['content-type', 'content-range', 'authentication-info', 'proxy-authentication-info', 'location'],
    ...['bearerway-client-token', 'bearerway-hop', 'bearerway-retry'],
  ],
  { twins: true },
);

/** Those of a trailer section's fields that may be there; the names that Connection has are the head's. */
export function allowedTrailers(fields: Fields): Fields {
  return fields.without(neverTrailers);
}

/** A name of that hash may be one of those that `#note` knows. */
function isNoted(hash: number): boolean {
  return (
    hash === HOST || hash === CONNECTION || hash === CONTENT_LENGTH || hash === TRANSFER_ENCODING || hash === EXPECT
  );
}
