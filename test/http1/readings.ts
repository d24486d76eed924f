import { ChunkedDecoder } from '../../src/http1/chunked.ts';
import { RequestReader } from '../../src/http1/request.ts';
import { AnswerReader } from '../../src/http1/response.ts';

export const limits = { headerSize: 2048, headerCount: 12, targetSize: 512, headersTimeout: 1000 };

/** What a reader made of some bytes: what it read and how far, why it did not, or that it waits for more. */
export type Reading = { readonly read: unknown; readonly end: number } | { readonly refused: string } | 'incomplete';

/** The places at which bytes are cut into packets. */
export type Cuts = readonly number[];

function packets(bytes: Buffer, cuts: Cuts): Buffer[] {
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  // A copy that is written over after its turn, as a socket's buffer is.
  return places.slice(1).map((to, index) => Buffer.from(bytes.subarray(places[index], to)));
}

function inTurns(bytes: Buffer, cuts: Cuts, take: (packet: Buffer) => number, result: () => unknown): Reading {
  let before = 0;
  try {
    for (const packet of packets(bytes, cuts)) {
      const end = packet.length === 0 ? -1 : take(packet);
      packet.fill('!');
      if (end !== -1) return { read: result(), end: before + end };
      before += packet.length;
    }
    return 'incomplete';
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

export function readRequest(bytes: Buffer, cuts: Cuts = []): Reading {
  const reader = new RequestReader(limits);
  return inTurns(
    bytes,
    cuts,
    (packet) => reader.take(packet, 0),
    () => {
      const { method, target, old, section } = reader;
      return {
        method,
        target,
        old,
        lines: section.fields.lines,
        length: section.contentLength,
        chunked: section.chunked,
      };
    },
  );
}

export function readAnswer(bytes: Buffer, cuts: Cuts = []): Reading {
  const reader = new AnswerReader();
  return inTurns(
    bytes,
    cuts,
    (packet) => reader.take(packet, 0, packet.length),
    () => {
      const { status, reason, old, section } = reader;
      return {
        status,
        reason,
        old,
        lines: section.fields.lines,
        length: section.contentLength,
        chunked: section.chunked,
      };
    },
  );
}

export function readChunked(bytes: Buffer, cuts: Cuts = []): Reading {
  const decoder = new ChunkedDecoder();
  let content = '';
  return inTurns(
    bytes,
    cuts,
    (packet) => {
      const end = decoder.take(packet, 0, packet.length, (from, start, to) => {
        content += from.toString('latin1', start, to);
      });
      return decoder.done ? end : -1;
    },
    () => ({ content, trailers: decoder.trailers.lines }),
  );
}
