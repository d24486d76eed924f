/** Something whose writing goes out at the end of a turn. */
export interface Flushable {
  flush(): void;
}

let depth = 0;
let waiting: Flushable[] = [];

/**
 * A turn: what one callback of the system's leads to. All that is written in it goes out at its end, as one; outside
 * of one (behind a timer or a promise) that takes a tick of its own. `endTurn` follows, whatever is thrown.
 */
export function beginTurn(): void {
  depth += 1;
}

export function endTurn(): void {
  depth -= 1;
  if (depth > 0 || waiting.length === 0) return;
  const flushable = waiting;
  waiting = [];
  for (const each of flushable) each.flush();
}

/** It is flushed soon. */
export function atEndOfTurn(flushable: Flushable): void {
  if (depth > 0) waiting.push(flushable);
  else process.nextTick(() => flushable.flush());
}
