/**
 * Large pieces of bodies are given back as soon as they have gone out, and no further try needs them. Left to the
 * collector they would be most of the memory of a large transfer, and to find that they are garbage most of its time.
 * Who still holds a piece that was given back holds nothing: its bytes are not there to be read any more, least of all
 * somebody else's.
 */
const ours = new WeakSet<ArrayBufferLike>();

/** Smaller ones are not worth it, and share their memory with others. Bytes. */
const LARGE = 8192;

/** So much at most may stand in front of a piece, of a head that was read already. Bytes. */
const HEAD = 1024;

/** A new buffer, for a copy that will have one receiver. Its bytes are not cleared. */
export function bufferToBeSpent(length: number): Buffer {
  if (length < LARGE) return Buffer.allocUnsafe(length);
  const buffer = Buffer.allocUnsafeSlow(length);
  ours.add(buffer.buffer);
  return buffer;
}

/** The same for a buffer that was there already, and whose end one receiver gets: what stood in front is used up. */
export function spendLater({ buffer, byteOffset, length }: Buffer): void {
  if (length >= LARGE && byteOffset <= HEAD && byteOffset + length === buffer.byteLength) ours.add(buffer);
}

/** To be called by the one who had a buffer last; does nothing for one that is of neither function above. */
export function giveBack({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && ours.has(buffer)) buffer.transfer(0);
}
