import { answerMarker, content, type Plan } from './plan.ts';

/** What a client got for one request. */
export interface Got {
  readonly status: number;
  /** It has its end. */
  readonly whole: boolean;
  /** The connection serves nobody behind it. */
  readonly closes: boolean;
  /** The proxy made it itself. */
  readonly isProblem: boolean;
}

/** What a client has received so far, and whether its connection is over. */
export interface Received {
  readonly bytes: Buffer;
  readonly over: boolean;
}

/**
 * Reads the answers to requests in their order, and holds each byte of them against what it has to be. Throws what
 * must not be.
 */
export function answersTo(plans: readonly Plan[], { bytes, over }: Received): Got[] {
  const answers: Got[] = [];
  let at = 0;
  for (const plan of plans) {
    const read = readAnswer(plan, bytes, at, over);
    if (read === undefined) return answers;
    answers.push(read.got);
    if (!read.got.whole) return answers;
    at = read.end;
    if (read.got.closes) break;
  }
  if (at < bytes.length && answers.length === plans.length)
    throw new Error(`more than was asked for: ${bytes.toString('latin1', at, at + 200)}`);
  if (at < bytes.length && answers.at(-1)?.closes === true) throw new Error('something behind the last answer');
  return answers;
}

interface Head {
  readonly status: number;
  readonly end: number;
  /** The value of a field, whose name is in lower case. */
  get(name: string): string | undefined;
}

function readHead(bytes: Buffer, at: number): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n', at);
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n');
  const status = /^HTTP\/1\.1 ([1-5]\d\d) .*$/.exec(first)?.[1];
  if (status === undefined) throw new Error(`no status line: ${first}`);
  const fields = new Map(
    lines.map((line) => {
      const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`no field line: ${line}`);
      return [name.toLowerCase(), value] as const;
    }),
  );
  if (fields.size !== lines.length) throw new Error(`a field came twice: ${lines.join(' | ')}`);
  return { status: Number(status), end: end + 4, get: (name) => fields.get(name) };
}

function readAnswer(plan: Plan, bytes: Buffer, from: number, over: boolean): { got: Got; end: number } | undefined {
  const head = readHead(bytes, from);
  if (head === undefined) return undefined;
  const { status, get } = head;
  if (status < 200) {
    if (plan.old) throw new Error(`${plan.marker} is HTTP/1.0 and got ${status}`);
    if (status === 103 && get('x-marker') !== plan.marker) throw new Error(`a hint for another than ${plan.marker}`);
    if (status === 100 && !plan.expects) throw new Error(`${plan.marker} did not expect ${status}`);
    return readAnswer(plan, bytes, head.end, over);
  }
  const isProblem = get('content-type') === 'application/problem+json';
  const expected = isProblem ? undefined : expectedBody(plan, head);
  // Of a head that did not come whole nobody knows that it was of a HEAD.
  const problem = isProblem && bytes.toString('latin1', head.end, head.end + Number(get('content-length')));
  const isHeadless = problem !== false && problem.includes('"requestId":"refused-') && problem.startsWith('{');
  const body = readBody(isHeadless ? { ...plan, method: 'GET' } : plan, head, bytes, over);
  const got: Got = { status, whole: body.whole, closes: get('connection') === 'close', isProblem };
  if (isProblem && body.whole && plan.method !== 'HEAD') {
    const { requestId } = JSON.parse(body.content.toString());
    // It has no id of its own, either; and nothing is answered behind it.
    if (requestId !== plan.marker && !(isHeadless && got.closes))
      throw new Error(`${plan.marker} got the problem of ${requestId}`);
  }
  if (expected !== undefined) {
    const part = body.whole ? expected : expected.subarray(0, body.content.length);
    if (!body.content.equals(part))
      throw new Error(
        `the answer is not its own, or not whole: ${body.content.length} of ${expected.length} bytes of ${JSON.stringify(plan)}`,
      );
  }
  return { got, end: body.end };
}

function expectedBody({ marker, method, answer }: Plan, { status, get }: Head): Buffer {
  if (status === 401) return Buffer.from(method === 'HEAD' ? '' : 'refused');
  if (get('x-marker') !== marker) throw new Error(`${marker} got the answer to ${get('x-marker')}`);
  if (status !== answer.status) throw new Error(`${marker} got ${status} instead of ${answer.status}`);
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  return content(answerMarker(marker), bodiless ? 0 : answer.length);
}

interface Body {
  readonly content: Buffer;
  readonly whole: boolean;
  readonly end: number;
}

function readBody({ method }: Plan, { status, end: from, get }: Head, bytes: Buffer, over: boolean): Body {
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { content: Buffer.alloc(0), whole: true, end: from };
  }
  if (get('transfer-encoding') === 'chunked') return readChunks(bytes, from);
  const length = get('content-length');
  const end = length === undefined ? bytes.length : Math.min(bytes.length, from + Number(length));
  const content = bytes.subarray(from, end);
  return { content, whole: length === undefined ? over : content.length === Number(length), end };
}

function readChunks(bytes: Buffer, from: number): Body {
  const pieces: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const incomplete = { content: Buffer.concat(pieces), whole: false, end: bytes.length };
    if (lineEnd === -1) return incomplete;
    const digits = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]{1,8}$/.test(digits)) throw new Error(`no chunk size: ${digits}`);
    const size = Number.parseInt(digits, 16);
    const end = lineEnd + 2 + size;
    pieces.push(bytes.subarray(lineEnd + 2, Math.min(end, bytes.length)));
    if (bytes.length < end + 2) return { ...incomplete, content: Buffer.concat(pieces) };
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('a chunk without its end');
    at = end + 2;
    if (size === 0) return { content: Buffer.concat(pieces), whole: true, end: at };
  }
}
