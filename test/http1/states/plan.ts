/** What one request and its answer will be like, and the bytes of both; each bears a marker that no other has. */
import type { Random } from '../../support/random.ts';

export interface Plan {
  readonly marker: string;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'POST';
  /** HTTP/1.0. */
  readonly old: boolean;
  readonly closes: boolean;
  readonly expects: boolean;
  readonly framing: 'none' | 'length' | 'chunked';
  readonly bodyLength: number;
  readonly answer: AnswerPlan;
}

export interface AnswerPlan {
  /** `head`: without waiting for the body. */
  readonly when: 'head' | 'whole' | 'never';
  /** So many times it is refused with a 401 first. */
  readonly refusals: number;
  readonly interim: number;
  readonly status: 200 | 204 | 304 | 404 | 500;
  readonly framing: 'length' | 'chunked' | 'close';
  readonly length: number;
  /** `cut`: it breaks off. `silent`: it stops. `junk`: more comes behind it. */
  readonly ending: 'whole' | 'cut' | 'silent' | 'junk';
  /** What becomes of the connection behind it. */
  readonly after: 'keep' | 'fin' | 'reset';
}

/** Bodies up to this length are kept for a second try. Bytes. */
export const KEPT = 4096;

export function plan(marker: string, random: Random, faulty: boolean): Plan {
  const one = <T>(...choices: T[]): T => choices[random(choices.length)] as T;
  const method = one('GET', 'GET', 'HEAD', 'PUT', 'PUT', 'DELETE', ...(faulty ? (['POST'] as const) : []));
  const old = random(5) === 0;
  const framing =
    method === 'PUT' || method === 'POST' || random(6) === 0 ? one('length', old ? 'length' : 'chunked') : 'none';
  const bodyLength = framing === 'none' ? 0 : one(0, 1, random(300), random(KEPT), faulty ? random(100_000) : KEPT);
  return {
    marker,
    method,
    old,
    closes: old || random(10) === 0,
    expects: !old && framing !== 'none' && random(6) === 0,
    framing,
    bodyLength,
    answer: answerPlan(random, faulty),
  };
}

function answerPlan(random: Random, faulty: boolean): AnswerPlan {
  const one = <T>(...choices: T[]): T => choices[random(choices.length)] as T;
  const ending = faulty
    ? one('whole', 'whole', 'whole', 'cut', 'cut', 'cut', random(2) === 0 ? 'silent' : 'cut', 'junk')
    : 'whole';
  // What comes behind an answer that ends with its connection is of that answer.
  const framing = one('length', 'chunked', 'chunked', ending === 'junk' ? 'length' : 'close');
  return {
    when: faulty && random(30) === 0 ? 'never' : one('head', 'whole', 'whole', 'whole'),
    refusals: one(0, 0, 0, 0, 1, faulty ? 2 : 1),
    interim: one(0, 0, 0, 1, 2),
    status: one(200, 200, 200, 204, 304, 404, 500),
    framing,
    length: one(0, random(500), random(70_000), random(70_000), random(200) === 0 ? 12_000_000 : 1),
    ending,
    after: afterwards(framing, ending, faulty, random),
  };
}

function afterwards(
  framing: AnswerPlan['framing'],
  ending: AnswerPlan['ending'],
  faulty: boolean,
  random: Random,
): AnswerPlan['after'] {
  // Only a reset tells that an answer without a length is not whole.
  if (framing === 'close') return ending === 'cut' ? 'reset' : 'fin';
  if (ending === 'cut') return random(2) === 0 ? 'fin' : 'reset';
  const choices = ['keep', 'keep', 'keep', 'fin', faulty ? 'reset' : 'fin'] as const;
  return choices[random(choices.length)] ?? 'keep';
}

/** Bytes that say whose they are and where they stand. */
export function content(marker: string, length: number): Buffer {
  const line = `${marker}.`;
  const bytes = Buffer.alloc(length, line);
  for (let at = 0; at + 8 <= length; at += 1024) bytes.write(at.toString(16).padStart(8, '0'), at, 'latin1');
  return bytes;
}

/** An answer's bytes are not those of its request. */
export const answerMarker = (marker: string): string => `answer-to-${marker}`;

function chunked(bytes: Buffer, random: Random): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(bytes.length - at, 1 + random(Math.max(2, Math.floor(bytes.length / 3))));
    pieces.push(Buffer.from(`${size.toString(16)}\r\n`), bytes.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

export function requestBytes(
  { marker, method, old, closes, expects, framing, bodyLength }: Plan,
  random: Random,
): Buffer {
  const body = content(marker, bodyLength);
  const lines = [
    `${method} /api/${marker} HTTP/1.${old ? 0 : 1}`,
    'Host: localhost',
    `X-Marker: ${marker}`,
    `X-Request-Id: ${marker}`,
    ...(framing === 'length' ? [`Content-Length: ${bodyLength}`] : []),
    ...(framing === 'chunked' ? ['Transfer-Encoding: chunked'] : []),
    ...(expects ? ['Expect: 100-continue'] : []),
    ...(closes && !old ? ['Connection: close'] : []),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return Buffer.concat([
    head,
    framing === 'chunked' ? chunked(body, random) : framing === 'length' ? body : Buffer.alloc(0),
  ]);
}

const REFUSAL =
  'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token"\r\nContent-Length: 7\r\n\r\n';
/** Nothing of it can be taken for an answer. */
export const JUNK = '\0junk that nobody asked for';

/** `refused`: how many times it was, so far. */
export function answerBytes({ marker, method, answer }: Plan, refused: number, random: Random): Buffer {
  const { interim, status, framing, length, ending } = answer;
  if (refused < answer.refusals) return Buffer.from(`${REFUSAL}${method === 'HEAD' ? '' : 'refused'}`);
  const early = `HTTP/1.1 103 Early Hints\r\nX-Marker: ${marker}\r\n\r\n`.repeat(interim);
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  const body = bodiless ? Buffer.alloc(0) : content(answerMarker(marker), length);
  const lines = [
    `HTTP/1.1 ${status} Whatever`,
    `X-Marker: ${marker}`,
    ...(status === 204 || framing === 'close'
      ? []
      : framing === 'length'
        ? [`Content-Length: ${length}`]
        : ['Transfer-Encoding: chunked']),
  ];
  const coded = framing === 'chunked' && !bodiless ? chunked(body, random) : body;
  const whole = Buffer.concat([Buffer.from(`${early}${lines.join('\r\n')}\r\n\r\n`), coded]);
  if (ending === 'whole') return whole;
  if (ending === 'junk') return Buffer.concat([whole, Buffer.from(JUNK)]);
  // Something is always missing: a lot, or almost nothing.
  return whole.subarray(0, whole.length - 1 - random(random(2) === 0 ? whole.length : 20));
}

/** In packets of any size. */
export function packets(bytes: Buffer, random: Random): Buffer[] {
  const most = [1 + random(20), 1 + random(400), bytes.length][random(3)] ?? 1;
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Not more than a hundred or so.
    const size = Math.max(1 + random(most), Math.ceil(bytes.length / 100));
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
