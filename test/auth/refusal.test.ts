import { expect, test } from 'vitest';
import { HeldRefusal } from '../../src/auth/refusal.ts';
import type { Answer } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';

class Taken implements Answer {
  readonly chunks: Buffer[] = [];
  ended = false;

  interim(): void {}
  head(): void {}
  fail(): void {}

  data(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    return true;
  }

  end(): void {
    this.ended = true;
  }
}

test('a refusal in chunks of one byte is held without an object for each of them, up to 64 KiB, and comes whole', () => {
  const taken = new Taken();
  const refusal = new HeldRefusal(taken, { judge: () => 'hold' });
  const flow = { resume: () => {}, cancel: () => {} };
  refusal.head({ status: 401, reason: 'Unauthorized', fields: Fields.none }, flow);
  const bytes = Array.from({ length: 65_536 }, (_, index) => Buffer.from([index % 251]));
  expect(bytes.map((byte) => refusal.data(byte)).indexOf(false)).toBe(65_535);
  refusal.end(Fields.none);
  expect(taken.chunks).toEqual([]);
  refusal.release('skipped; reason=token-unavailable');

  expect(Buffer.concat(taken.chunks).equals(Buffer.concat(bytes))).toBe(true);
  expect(taken.chunks.length).toBeLessThan(10);
  expect(taken.ended).toBe(true);
});
