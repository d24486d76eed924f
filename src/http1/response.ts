import { Failure } from '../errors.ts';
import { Fields } from '../fields.ts';
import { FieldSection } from './field-section.ts';
import { answerLimits, LONGEST_STATUS_LINE, malformed, SP, valueEnd } from './grammar.ts';
import { headEnd, Lines } from './lines.ts';

/** How an answer's body ends (RFC 9112 §6.3). */
export type AnswerFraming = { readonly length: number } | 'chunked' | 'close';

/** Reads the heads of answers (RFC 9112 §4, §5, §6) on one connection, one after the other. */
export class AnswerReader {
  status = 0;
  reason = '';
  /** HTTP/1.0. */
  old = false;
  readonly section = new FieldSection(answerLimits);
  readonly #lines = new Lines();
  readonly #isFramed: boolean;
  #begun = false;
  /** The last one that was read, with its CRLF: that of the next answer is mostly the same. */
  #knownLine = '';

  /** `isFramed` false: what fields say of a body is nothing to anybody. */
  constructor(isFramed = true) {
    this.#isFramed = isFramed;
  }

  /** As {@link RequestReader.take}. */
  take(bytes: Buffer, from: number, end: number): number {
    const to = headEnd(bytes, from, end);
    this.#lines.add(bytes, from, to);
    if ((!this.#begun && !this.#readLine()) || !this.section.read(this.#lines)) return -1;
    if (this.#isFramed) this.section.checkFraming(this.old);
    return to - this.#lines.left;
  }

  clear(): void {
    this.#begun = false;
    this.#lines.clear();
    this.section.clear();
  }

  #readLine(): boolean {
    if (this.#lines.skip(this.#knownLine)) {
      this.#begun = true;
      return true;
    }
    if (!this.#lines.next(LONGEST_STATUS_LINE, () => malformed('the status line is too long'))) return false;
    const { text, start, end } = this.#lines;
    this.#parse(text, start, end);
    this.#knownLine = text.slice(start, this.#lines.at);
    this.#begun = true;
    return true;
  }

  /** HTTP-version SP status-code SP [ reason-phrase ] */
  #parse(text: string, start: number, end: number): void {
    const version = text.slice(start, start + 9);
    if (version !== 'HTTP/1.1 ' && version !== 'HTTP/1.0 ') throw malformed('the status line is not one of HTTP/1.1');
    const digits = text.slice(start + 9, Math.min(start + 12, end));
    if (!/^[1-5]\d\d$/.test(digits)) throw malformed('the status is not a number from 100 to 599');
    if (start + 12 >= end || text.charCodeAt(start + 12) !== SP) throw malformed('no space behind the status');
    if (valueEnd(text, start + 13, end) !== end)
      throw malformed('the reason has a character that may not stand in one');
    this.status = Number(digits);
    this.reason = text.slice(start + 13, end);
    this.old = version === 'HTTP/1.0 ';
  }

  /** Where the body ends of an answer to `method`; interim ones have none. */
  framing(method: string): AnswerFraming {
    const { status, section } = this;
    if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return { length: 0 };
    if (section.chunked) return 'chunked';
    return section.contentLength === undefined ? 'close' : { length: section.contentLength };
  }

  /** RFC 9112 §9.3, and nothing that stands in doubt: a 204 with a length may have a body behind it all the same. */
  get persistent(): boolean {
    const { status, old, section } = this;
    if (old || section.connectionHas('close')) return false;
    return status !== 204 || (!section.chunked && (section.contentLength ?? 0) === 0);
  }

  /** Milliseconds that the API says it keeps the connection for; undefined if it does not say. */
  get keepAliveMs(): number | undefined {
    return announcedMs(this.section.fields);
  }
}

const announcedMs = Fields.question((fields): number | undefined => {
  const seconds = /(?:^|[\s,])timeout\s*=\s*"?(\d{1,6})/i.exec(fields.get('keep-alive') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
});

/** A fault of an API's, from what the grammar says of it. */
export function invalidAnswer(thrown: unknown): Failure {
  const { code, detail } = thrown instanceof Failure ? thrown : { code: undefined, detail: 'it cannot be read' };
  const isTooLarge = code === 'header_too_large';
  const told = isTooLarge ? `the head of its answer is too large: ${detail}` : `its answer breaks HTTP: ${detail}`;
  return new Failure('upstream_invalid', told, { cause: thrown });
}
