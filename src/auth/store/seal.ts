import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The nonce as it stands at the front of a sealed text: base64, without padding. */
const NONCE_LENGTH = 16;

/**
 * Seals texts for a place that others can read and write: AES-256-GCM with a fresh 96-bit nonce (NIST SP 800-38D
 * §8.2.2). The place is part of it: a text that was moved or changed does not open.
 */
export class Seal {
  readonly #key: () => Buffer;

  /** `key`: 32 bytes; asked each time. */
  constructor(key: () => Buffer) {
    this.#key = key;
  }

  /** The nonce, then ciphertext and tag; base64. */
  seal(text: string, place: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key(), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(place));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${nonce.toString('base64')}${body.toString('base64')}`;
  }

  /** Undefined when it was sealed with another key, for another place, or changed since. */
  open(sealed: string, place: string): string | undefined {
    const nonce = Buffer.from(generationOf(sealed), 'base64');
    const body = Buffer.from(sealed.slice(NONCE_LENGTH), 'base64');
    if (nonce.length !== NONCE_BYTES || body.length < TAG_BYTES) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key(), nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(body.subarray(-TAG_BYTES));
      return decipher.update(body.subarray(0, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      return undefined;
    }
  }
}

/** What tells one sealed text from every other: its nonce. */
export function generationOf(sealed: string): string {
  return sealed.slice(0, NONCE_LENGTH);
}
