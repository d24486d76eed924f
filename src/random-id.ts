import { randomBytes } from 'node:crypto';

const BYTES = 16;
/** So many are made at once. */
const STOCK = 256;

let stock = '';
let at = 0;

/** 128 random bits as 32 hexadecimal digits. */
export function randomId(): string {
  if (at === stock.length) {
    stock = randomBytes(STOCK * BYTES).toString('hex');
    at = 0;
  }
  at += 2 * BYTES;
  return stock.slice(at - 2 * BYTES, at);
}
