/** The bytes that HTTP/1.1 is made of. One character of a string is one byte here (latin1). */
import { Failure } from '../errors.ts';

/** Bounds on a request's head. */
export interface RequestLimits {
  /** Bytes of all field lines. */
  readonly headerSize: number;
  readonly headerCount: number;
  /** Bytes. */
  readonly targetSize: number;
  /** Milliseconds for the whole head. */
  readonly headersTimeout: number;
}

/** Bounds on an answer's head, and on trailers: what an API sends that needs more is not served. */
export const answerLimits = { headerSize: 16_384, headerCount: 100 } as const;

/** A method longer than that is nobody's. Bytes. */
export const LONGEST_METHOD = 64;
/** Some clients send one behind a body (RFC 9112 §2.2). */
export const MOST_EMPTY_LINES = 2;
/** A status line with a reason. Bytes. */
export const LONGEST_STATUS_LINE = 4096;
/** A chunk's size with its extensions (RFC 9112 §7.1.1), which nobody needs. Bytes. */
export const LONGEST_CHUNK_LINE = 256;
/** Extensions of one body together: else a byte of content could cost any number of others. */
export const MOST_EXTENSION_BYTES = 16_384;

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

const TOKEN = 1;
const VALUE = 2;
const VISIBLE = 4;

const classes = new Uint8Array(256);
// RFC 9110 §5.5: field-vchar, obs-text, SP and HTAB.
classes[HTAB] = VALUE;
for (let byte = SP; byte < 256; byte += 1) if (byte !== 0x7f) classes[byte] = VALUE;
for (let byte = 0x21; byte < 0x7f; byte += 1) classes[byte] = VALUE | VISIBLE;
// RFC 9110 §5.6.2: tchar.
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  classes[char.charCodeAt(0)] = TOKEN | VALUE | VISIBLE;
}

export function isToken(code: number): boolean {
  return ((classes[code] ?? 0) & TOKEN) !== 0;
}

/** Where the run of bytes of a class that begins at `from` ends. */
function runOf(kind: number, text: string, from: number, to: number): number {
  let at = from;
  while (at < to && ((classes[text.charCodeAt(at)] ?? 0) & kind) !== 0) at += 1;
  return at;
}

/** Where the token that begins at `from` ends; `from` if there is none. */
export function tokenEnd(text: string, from: number, to: number): number {
  return runOf(TOKEN, text, from, to);
}

/** Where the first byte stands that may not be in a field value or a reason; `to` if there is none. */
export function valueEnd(text: string, from: number, to: number): number {
  return runOf(VALUE, text, from, to);
}

/** Where the run of visible ASCII ends. */
export function visibleEnd(text: string, from: number, to: number): number {
  return runOf(VISIBLE, text, from, to);
}

/** SP or HTAB: optional white space (RFC 9110 §5.6.3). */
export function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

/** What breaks the grammar. In an answer of an API it is said with another code. */
export function malformed(detail: string): Failure {
  return new Failure('bad_request', detail);
}
