/** What RFC 9112 leaves no two ways to read: the grammar that every request of ours to an API has to keep. */
export interface StrictMessage {
  readonly method: string;
  readonly target: string;
  /** Name, value, name, value, … as they came. */
  readonly lines: readonly string[];
  readonly body: Buffer;
  readonly framing: 'none' | 'length' | 'chunked';
  /** Name, value, … */
  readonly trailers: readonly string[];
  /** The values of all fields of a name, which is in lower case. */
  all(name: string): string[];
}

export interface StrictReading {
  /** Those that are whole. */
  readonly messages: readonly StrictMessage[];
  /** Bytes behind the last whole message. */
  readonly rest: number;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const requestLine = new RegExp(`^(${token}) ([\\x21-\\x7e]+) HTTP/1\\.1$`);
const fieldLine = new RegExp(
  `^(${token}): ?((?:[\\x21-\\x7e\\x80-\\xff](?:[\\t\\x20-\\x7e\\x80-\\xff]*[\\x21-\\x7e\\x80-\\xff])?)?)$`,
);

/** Reads the requests on a connection. Throws, with the reason, at the first byte that breaks the grammar. */
export function readStrictly(bytes: Buffer): StrictReading {
  const messages: StrictMessage[] = [];
  let at = 0;
  for (;;) {
    const headEnd = bytes.indexOf('\r\n\r\n', at);
    if (headEnd === -1) return { messages, rest: bytes.length - at };
    const head = readHead(bytes.toString('latin1', at, headEnd));
    const body = readBody(bytes, headEnd + 4, head);
    if (body === undefined) return { messages, rest: bytes.length - at };
    messages.push({ ...head, body: body.content, trailers: body.trailers });
    at = body.end;
  }
}

type Head = Omit<StrictMessage, 'body' | 'trailers'>;

function readHead(text: string): Head {
  const [first = '', ...rest] = text.split('\r\n');
  const [, method, target] = requestLine.exec(first) ?? [];
  if (method === undefined || target === undefined) throw new Error(`no request line: ${JSON.stringify(first)}`);
  const lines = fieldsIn(rest);
  const all = (wanted: string): string[] =>
    lines.filter((_, index) => index % 2 === 1 && lines[index - 1]?.toLowerCase() === wanted);
  if (all('host').length !== 1) throw new Error(`${all('host').length} Host fields`);
  const lengths = all('content-length');
  const codings = all('transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Error('more than one field of framing');
  if (lengths.some((length) => !/^(0|[1-9]\d*)$/.test(length))) throw new Error(`Content-Length: ${lengths[0]}`);
  if (codings.some((coding) => coding !== 'chunked')) throw new Error(`Transfer-Encoding: ${codings[0]}`);
  const framing = lengths.length > 0 ? 'length' : codings.length > 0 ? 'chunked' : 'none';
  return { method, target, lines, framing, all };
}

function fieldsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, name, value] = fieldLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no field line: ${JSON.stringify(line)}`);
    return [name, value];
  });
}

interface Body {
  readonly content: Buffer;
  readonly trailers: readonly string[];
  readonly end: number;
}

/** Undefined while it is not whole. */
function readBody(bytes: Buffer, from: number, { framing, all }: Head): Body | undefined {
  if (framing === 'none') return { content: Buffer.alloc(0), trailers: [], end: from };
  if (framing === 'chunked') return readChunks(bytes, from);
  const end = from + Number(all('content-length')[0]);
  return end > bytes.length ? undefined : { content: bytes.subarray(from, end), trailers: [], end };
}

function readChunks(bytes: Buffer, from: number): Body | undefined {
  const chunks: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]{1,8}$/i.test(line)) throw new Error(`no chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    const start = lineEnd + 2;
    if (size === 0) return readTrailers(bytes, start, Buffer.concat(chunks));
    if (bytes.length < start + size + 2) return undefined;
    if (bytes.toString('latin1', start + size, start + size + 2) !== '\r\n') throw new Error('no end of a chunk');
    at = start + size + 2;
    chunks.push(bytes.subarray(start, start + size));
  }
}

function readTrailers(bytes: Buffer, from: number, content: Buffer): Body | undefined {
  const none = bytes.toString('latin1', from, from + 2) === '\r\n';
  const end = none ? from : bytes.indexOf('\r\n\r\n', from);
  if (end === -1) return undefined;
  const trailers = none ? [] : fieldsIn(bytes.toString('latin1', from, end).split('\r\n'));
  return { content, trailers, end: end + (none ? 2 : 4) };
}
