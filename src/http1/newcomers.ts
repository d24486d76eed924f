/**
 * The system hands over one new connection in each iteration of the event loop, however many wait. Requests of those
 * that are here already would make each iteration so long that the others wait for seconds: as long as clients come,
 * few requests are begun in one.
 */
import { beginTurn, endTurn } from './turn.ts';

/** Something that a request has come to. */
export interface Beginner {
  /** Its turn has come. */
  begin(): void;
}

/** So many requests are begun in an iteration: at 50 µs each, three thousand clients are taken up in a second. */
const BEGUN = 4;

const waiting = new Set<Beginner>();
let oneCame = false;
let coming = false;

/** A connection was taken up. */
export function cameOne(): void {
  oneCame = true;
  if (coming) return;
  coming = true;
  setImmediate(endIteration);
}

/** False: it has to wait for its turn, and is told. */
export function mayBegin(beginner: Beginner): boolean {
  if (coming) waiting.add(beginner);
  return !coming;
}

function endIteration(): void {
  coming = oneCame || waiting.size > BEGUN;
  oneCame = false;
  if (coming) setImmediate(endIteration);
  beginTurn();
  try {
    beginSome();
  } finally {
    endTurn();
  }
}

function beginSome(): void {
  let begun = 0;
  for (const beginner of waiting) {
    if (begun === BEGUN) return;
    begun += 1;
    waiting.delete(beginner);
    beginner.begin();
  }
}
