import { Failure } from '../errors.ts';
import { FieldSection } from './field-section.ts';
import {
  CR,
  isToken,
  LONGEST_METHOD,
  MOST_EMPTY_LINES,
  malformed,
  type RequestLimits,
  SP,
  tokenEnd,
  visibleEnd,
} from './grammar.ts';
import { headEnd, Lines } from './lines.ts';
import { protocolsAsked } from './upgrade.ts';

/** Reads the heads of requests (RFC 9112 §3, §5, §6) on one connection, one after the other. */
export class RequestReader {
  /** Empty as long as the line they stand in has not come. */
  method = '';
  target = '';
  /** HTTP/1.0: no chunked coding, no interim answers, no further request unless asked for. */
  old = false;
  readonly section: FieldSection;
  readonly limits: RequestLimits;
  readonly #lines = new Lines();
  #begun = false;
  #emptyLines = 0;

  constructor(limits: RequestLimits) {
    this.limits = limits;
    this.section = new FieldSection(limits);
  }

  /** True once a byte of a head has come that is not whole yet. */
  get begun(): boolean {
    return this.#begun || this.#lines.left > 0;
  }

  /**
   * Takes bytes from `from` on; returns where the head ended, or -1 if it goes on. Throws the Failure that answers it.
   * Behind a whole head, `clear` comes before the next bytes.
   */
  take(bytes: Buffer, from: number): number {
    const to = headEnd(bytes, from, bytes.length);
    this.#lines.add(bytes, from, to);
    if ((!this.#begun && !this.#readLine()) || !this.section.read(this.#lines)) {
      // Empty lines ahead of a request look like the end of one.
      return to < bytes.length ? this.take(bytes, to) : -1;
    }
    this.#check();
    return to - this.#lines.left;
  }

  /** Ready for another request. */
  clear(): void {
    this.#begun = false;
    this.method = '';
    this.target = '';
    this.#emptyLines = 0;
    this.#lines.clear();
    this.section.clear();
  }

  /** Whoever speaks another protocol is told so at its first byte. */
  #checkFirst(): void {
    const { first } = this.#lines;
    // RFC 8446 §5.1: a record of a handshake begins so.
    if (first === 0x16) throw malformed('TLS on a port for plain HTTP (http:// would be right, or listen.tls)');
    if (!Number.isNaN(first) && first !== CR && !isToken(first)) throw malformed('the method is not a token');
  }

  /** method SP request-target SP HTTP-version; empty lines before it are overlooked (RFC 9112 §2.2). */
  #readLine(): boolean {
    this.#checkFirst();
    const most = LONGEST_METHOD + this.limits.targetSize + ' HTTP/1.1 '.length;
    while (this.#lines.next(most, this.#tooLong)) {
      const { text, start, end } = this.#lines;
      if (start === end && this.#emptyLines < MOST_EMPTY_LINES) {
        this.#emptyLines += 1;
        this.#checkFirst();
        continue;
      }
      this.#parse(text, start, end);
      this.#begun = true;
      return true;
    }
    return false;
  }

  readonly #tooLong = (beginning: string): Failure => {
    const space = beginning.indexOf(' ');
    return space === -1 || space > LONGEST_METHOD ? malformed('the method is too long') : this.#targetTooLong();
  };

  #targetTooLong(): Failure {
    return new Failure('uri_too_long', `the target has more than ${this.limits.targetSize} bytes`);
  }

  #parse(text: string, start: number, end: number): void {
    const methodEnd = tokenEnd(text, start, end);
    if (methodEnd === start || text.charCodeAt(methodEnd) !== SP) throw malformed('the method is not a token');
    if (methodEnd - start > LONGEST_METHOD) throw malformed('the method is too long');
    const targetStart = methodEnd + 1;
    const targetEnd = visibleEnd(text, targetStart, end);
    if (targetEnd === targetStart || text.charCodeAt(targetEnd) !== SP || targetEnd === end) {
      throw malformed('the request line is not a method, a target and a version with one space between them');
    }
    if (targetEnd - targetStart > this.limits.targetSize) throw this.#targetTooLong();
    const version = text.slice(targetEnd + 1, end);
    if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') {
      if (/^HTTP\/\d\.\d$/.test(version))
        throw new Failure('version_unsupported', 'only HTTP/1.1 and HTTP/1.0 are spoken here');
      throw malformed('the version is malformed');
    }
    this.method = text.slice(start, methodEnd);
    this.target = text.slice(targetStart, targetEnd);
    this.old = version === 'HTTP/1.0';
    this.#checkTarget();
  }

  /** Origin-form or absolute-form (RFC 9112 §3.2); what is in them is the guard's to judge, which has words that help. */
  #checkTarget(): void {
    const first = this.target.charCodeAt(0);
    const isPath = first === 0x2f;
    if (isPath || this.method === 'CONNECT' || /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(this.target)) {
      if (this.target.includes('#')) throw malformed('the target has a fragment');
      return;
    }
    throw malformed('the target is neither a path nor an absolute URL');
  }

  #check(): void {
    const { section, old } = this;
    section.checkFraming(old);
    if (section.hosts > 1) throw malformed('two Host fields');
    if (section.hosts === 0) throw malformed('the Host field is missing');
  }

  /** RFC 9112 §9.3: whether the connection may serve another request. What is behind a CONNECT is not HTTP. */
  get persistent(): boolean {
    if (this.method === 'CONNECT' || this.section.connectionHas('close')) return false;
    return !this.old || this.section.connectionHas('keep-alive');
  }

  /** RFC 9110 §7.8: the protocols that are asked for; HTTP/1.0 has no such thing. */
  get protocols(): readonly string[] {
    return this.old || !this.section.connectionHas('upgrade') ? [] : protocolsAsked(this.section.fields);
  }

  /** RFC 9110 §10.1.1. */
  get expectsContinue(): boolean {
    return !this.old && this.section.expects('100-continue');
  }
}
