import { expect, test } from 'vitest';
import { count } from '../support/counts.ts';
import { randomFrom } from '../support/random.ts';
import { answers, bodies, mutated, requests } from './mutations.ts';
import { answerByGrammar, chunkedByGrammar, requestByGrammar } from './oracle.ts';
import { type Cuts, type Reading, readAnswer, readChunked, readRequest } from './readings.ts';

/** `npm run security` makes it 300,000. */
const MUTATIONS = Number(process.env['BEARERWAY_FUZZ'] ?? 15_000);
const SEED = Number(process.env['BEARERWAY_SEED'] ?? 20_261_121);

/** So much that the end of a head in front of it is looked for. */
const more = Buffer.from(`${'z'.repeat(3000)}\r\n\r\nGET ${'z'.repeat(3000)}`);

function agree(reading: Reading, expected: { readonly end: number } | undefined, name: string): void {
  if (expected === undefined) expect(typeof reading === 'object' && 'read' in reading, name).toBe(false);
  else expect(reading, name).toEqual(expected);
}

function content(reading: Reading): Reading {
  if (typeof reading === 'string' || 'refused' in reading) return reading;
  // The oracle knows of no trailers that may not be there; it tells of content alone.
  return { ...(reading.read as { content: string }), end: reading.end } as unknown as Reading;
}

test(`${MUTATIONS} mutations: what is read is what the grammar says, and the packets make no difference`, () => {
  const random = randomFrom(SEED);
  let accepted = 0;
  for (let i = 0; i < MUTATIONS; i += 1) {
    const [seeds, read, byGrammar] = (
      [
        [requests, readRequest, requestByGrammar],
        [answers, readAnswer, answerByGrammar],
        [bodies, readChunked, chunkedByGrammar],
      ] as const
    )[i % 3] as readonly [
      readonly string[],
      (bytes: Buffer, cuts?: Cuts) => Reading,
      (text: string) => { end: number } | undefined,
    ];
    const text = mutated(seeds[random(seeds.length)] ?? '', random);
    const bytes = Buffer.from(text, 'latin1');
    const whole = read(bytes);
    const name = JSON.stringify(text);
    const expected = byGrammar(text);
    if (expected !== undefined) accepted += 1;
    if (read === readChunked) {
      const told = content(whole);
      if (expected === undefined) agree(whole, undefined, name);
      else expect(told, name).toMatchObject(expected);
    } else agree(whole, expected, name);
    const cuts = Array.from({ length: 1 + random(4) }, () => random(bytes.length + 1));
    expect(read(bytes, cuts), name).toEqual(whole);
    if (i % 10 === 0) expect(read(bytes, [...bytes.keys()]), name).toEqual(whole);
    if (i % 10 === 1) {
      const long = Buffer.concat([bytes, more]);
      const inSmall = Array.from({ length: long.length / 1000 }, (_, index) => index * 1000);
      expect(read(long, cuts), name).toEqual(read(long, inSmall));
      expect(read(long), name).toEqual(read(long, inSmall));
    }
  }
  expect(accepted).toBeGreaterThan(MUTATIONS / 20);
  count(`mutated messages, read as the grammar says (${accepted} of them whole)`, MUTATIONS);
});
