/**
 * HTTP/1.1 a second time, in another way: regular expressions from the ABNF of RFC 9112 and 9110, over bytes that are
 * all there. Slow, and short enough to be checked by eye. Undefined: it is no message, or not a whole one.
 */
import { limits } from './readings.ts';

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const fieldLine = `${token}:[ \\t]*(?:[\\x21-\\x7e\\x80-\\xff](?:[ \\t\\x21-\\x7e\\x80-\\xff]*[\\x21-\\x7e\\x80-\\xff])?)?[ \\t]*\\r\\n`;
const section = `((?:${fieldLine})*)\\r\\n`;
const originForm = '/[\\x21-\\x22\\x24-\\x7e]*';
const absoluteForm = '[A-Za-z][A-Za-z0-9+.-]*://[\\x21-\\x22\\x24-\\x7e]*';
const request = new RegExp(
  `^(?:\\r\\n){0,2}(${token}) (${originForm}|${absoluteForm}|(?<=(?:^|\\n)CONNECT )[\\x21-\\x22\\x24-\\x7e]+) HTTP/1\\.([01])\\r\\n${section}`,
);
const answer = new RegExp(`^HTTP/1\\.([01]) ([1-5]\\d\\d) ([ \\t\\x21-\\x7e\\x80-\\xff]*)\\r\\n${section}`);

interface Section {
  readonly lines: readonly string[];
  readonly length: number | undefined;
  readonly chunked: boolean;
}

function fieldsOf(text: string, most: { headerSize: number; headerCount: number }, frames = true): Section | undefined {
  const lines = text.split('\r\n').slice(0, -1);
  if (text.length > most.headerSize || lines.length > most.headerCount) return undefined;
  const pairs = lines.map((line): [string, string] => {
    const [, name = '', value = ''] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    return [name, value];
  });
  if (!frames) return { lines: pairs.flat(), length: undefined, chunked: false };
  const named = (wanted: string) => pairs.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const lengths = named('content-length');
  const codings = named('transfer-encoding');
  if (lengths.length + codings.length > 1) return undefined;
  if (!lengths.every((value) => /^[0-9]{1,15}$/.test(value)) || !codings.every((value) => /^chunked$/i.test(value)))
    return undefined;
  const [length] = lengths;
  return {
    lines: pairs.flat(),
    length: length === undefined ? undefined : Number(length),
    chunked: codings.length > 0,
  };
}

export function requestByGrammar(text: string) {
  const [whole, method = '', target = '', minor, fields = ''] = request.exec(text) ?? [];
  if (whole === undefined || method.length > 64 || target.length > limits.targetSize) return undefined;
  const read = fieldsOf(fields, limits);
  const old = minor === '0';
  if (read === undefined || (old && read.chunked)) return undefined;
  if (read.lines.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length !== 1) return undefined;
  return { read: { method, target, old, ...read }, end: whole.length };
}

export function answerByGrammar(text: string) {
  const [whole, minor, status, reason = '', fields = ''] = answer.exec(text) ?? [];
  if (whole === undefined || reason.length > 4096 - 13) return undefined;
  const read = fieldsOf(fields, { headerSize: 16_384, headerCount: 100 });
  const old = minor === '0';
  if (read === undefined || (old && read.chunked)) return undefined;
  return { read: { status: Number(status), reason, old, ...read }, end: whole.length };
}

const sizeLine = /([0-9A-Fa-f]{1,8})((?:[ \t]*;[ \t\x21-\x7e\x80-\xff]*)?)\r\n/y;
const trailers = new RegExp(section, 'y');

export function chunkedByGrammar(text: string) {
  let at = 0;
  let content = '';
  for (;;) {
    sizeLine.lastIndex = at;
    const [line = '', hex = '', extension = ''] = sizeLine.exec(text) ?? [];
    if (line === '' || hex.length + extension.length > 256) return undefined;
    at += line.length;
    const size = Number.parseInt(hex, 16);
    if (size === 0) break;
    if (text.slice(at + size, at + size + 2) !== '\r\n') return undefined;
    content += text.slice(at, at + size);
    at += size + 2;
  }
  trailers.lastIndex = at;
  const [whole, lines = ''] = trailers.exec(text) ?? [];
  if (whole === undefined || fieldsOf(lines, { headerSize: 16_384, headerCount: 100 }, false) === undefined)
    return undefined;
  return { content, end: at + whole.length };
}
