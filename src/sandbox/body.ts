import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The body, or undefined when it is larger than that; all of it is taken from the client either way. Rejects when the client leaves. */
export async function wholeBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const kept: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks(request)) {
    length += chunk.length;
    if (length <= maxBytes) kept.push(chunk);
  }
  return length <= maxBytes ? Buffer.concat(kept) : undefined;
}

export interface BodyDigest {
  readonly bodySha256: string;
  readonly bodyLength: number;
}

/** What the body was, without keeping it. Rejects when the client leaves. */
export async function digestBody(request: IncomingMessage): Promise<BodyDigest> {
  const hash = createHash('sha256');
  let bodyLength = 0;
  for await (const chunk of chunks(request)) {
    bodyLength += chunk.length;
    hash.update(chunk);
  }
  return { bodySha256: hash.digest('hex'), bodyLength };
}

function chunks(request: IncomingMessage): AsyncIterable<Buffer> {
  // A request without an encoding set yields Buffers; its declared type does not say so.
  return request as AsyncIterable<Buffer>;
}
