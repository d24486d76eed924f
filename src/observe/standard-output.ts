import sonicBoom from 'sonic-boom';
import type { Clock } from '../clock.ts';
import { LineBlocks, type Lines } from './line-blocks.ts';

/** Lines wait so long for others: to write each by itself costs more than to make it. */
const MOMENT_MS = 50;
/** Bytes that are held for a reader that does not take them; what comes on top is dropped. */
const MOST_HELD = 8 * 1024 * 1024;
const LF = 0x0a;
/** Milliseconds that the end of the process waits for a reader. */
const LAST_WAIT_MS = 1000;

/** Where log lines go. Whoever writes one never waits. */
export interface Destination {
  write(lines: Lines): void;
  /** How many lines were dropped so far. */
  dropped(): number;
  /** Writes what is held, for a second at most. */
  close(): Promise<void>;
}

/**
 * Standard output, or with 2 standard error. A reader that has gone ends the log and not the proxy; a slow one loses
 * lines, and `resumed` is told how many once it reads again. pino's own destination would write the last lines
 * synchronously, which never ends where nobody reads (its flushSync tries again after a broken pipe, for ever).
 */
export function standardOutput(clock: Clock, resumed: (dropped: number) => void, fd: 1 | 2 = 1): Destination {
  const output = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: MOST_HELD, contentMode: 'buffer' });
  let ended = false;
  let dropped = 0;
  let droppedBefore = 0;
  let due = false;
  const blocks = new LineBlocks((bytes) => {
    // Its types know of text only.
    if (!ended) output.write(bytes as unknown as string);
  });
  output
    .on('error', () => {
      ended = true;
    })
    .on('drop', (lines: Buffer) => {
      dropped += lines.reduce((count, byte) => (byte === LF ? count + 1 : count), 0);
    })
    .on('drain', () => {
      blocks.written();
      const lost = dropped;
      dropped = 0;
      droppedBefore += lost;
      if (lost > 0) resumed(lost);
    });
  return {
    write(lines) {
      if (ended) return;
      blocks.add(lines);
      if (due) return;
      due = true;
      clock.after(MOMENT_MS, () => {
        due = false;
        blocks.pass();
      });
    },
    dropped: () => droppedBefore + dropped,
    close() {
      return new Promise((resolve) => {
        if (ended) return resolve();
        blocks.pass();
        ended = true;
        const cancel = clock.after(LAST_WAIT_MS, resolve);
        const done = (): void => {
          cancel();
          resolve();
        };
        output.once('close', done).once('error', done);
        output.end();
      });
    },
  };
}
