import { expectNoCanary } from './canary.ts';
import { connectRaw } from './client.ts';

/** An answer as it stood on the wire. */
export interface RawReply {
  readonly status: number;
  /** As they came, `name: value`. */
  readonly lines: readonly string[];
  readonly body: string;
  /** The `code` of a problem of ours. */
  readonly code: string | undefined;
  /** The value of the first field of a name, which is in lower case. */
  get(name: string): string | undefined;
}

/** The whole answers in what a client received, interim ones too; `methods` are those it asked with, where HEAD is among them. */
export function repliesIn(received: string, methods: readonly string[] = []): RawReply[] {
  const replies: RawReply[] = [];
  let at = 0;
  let final = 0;
  for (;;) {
    const headEnd = received.indexOf('\r\n\r\n', at);
    if (headEnd === -1) return replies;
    const [first = '', ...lines] = received.slice(at, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    const get = (name: string): string | undefined =>
      lines
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim();
    const isBare = status < 200 || methods[final] === 'HEAD';
    const body = isBare ? { text: '', end: headEnd + 4 } : bodyAt(received, headEnd + 4, get);
    if (body === undefined) return replies;
    if (status >= 200) final += 1;
    replies.push({ status, lines, body: body.text, code: codeOf(get('content-type'), body.text), get });
    at = body.end;
  }
}

interface Body {
  readonly text: string;
  readonly end: number;
}

function bodyAt(received: string, from: number, get: (name: string) => string | undefined): Body | undefined {
  if (get('transfer-encoding') === undefined) {
    const end = from + Number(get('content-length') ?? 0);
    return end > received.length ? undefined : { text: received.slice(from, end), end };
  }
  let text = '';
  let at = from;
  for (;;) {
    const lineEnd = received.indexOf('\r\n', at);
    const size = Number.parseInt(received.slice(at, lineEnd), 16);
    if (lineEnd === -1 || received.length < lineEnd + 4 + size) return undefined;
    text += received.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 4 + size;
    if (size === 0) return { text, end: at };
  }
}

function codeOf(type: string | undefined, body: string): string | undefined {
  if (type !== 'application/problem+json' || body === '') return undefined;
  expectNoCanary(body, 'an error body');
  const { code }: { code?: unknown } = JSON.parse(body);
  return String(code);
}

/** Sends bytes on a connection of their own and gives the final answer to the request they begin with. */
export async function ask(port: number, bytes: string | Buffer): Promise<RawReply> {
  const connection = await connectRaw(port);
  connection.send(bytes);
  const final = (received: string): RawReply | undefined => repliesIn(received).find(({ status }) => status >= 200);
  const reply = final(await connection.until((received) => final(received) !== undefined));
  connection.socket.destroy();
  if (reply === undefined) throw new Error('unreachable: an answer has been waited for');
  return reply;
}

/** A request's bytes: its lines, the end of the head, its body. */
export function raw(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
