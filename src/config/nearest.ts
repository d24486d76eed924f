/** So many names are listed: all keys that a group has. */
const MOST_LISTED = 30;
/** What is like a longer word, or like more than so many, is not looked for: requests wait meanwhile. */
const LONGEST = 100;
const MOST_WORDS = 20;

/** ` (did you mean "x"?)`, or what there is when none is near. */
export function nearest(word: string, known: readonly string[]): string {
  const reach = word.length > LONGEST ? -1 : Math.max(2, Math.floor(word.length / 3));
  const [best] = known
    .filter(({ length }) => Math.abs(length - word.length) <= reach)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= reach)
    .toSorted((a, b) => a.distance - b.distance);
  if (best !== undefined) return ` (did you mean "${best.candidate}"?)`;
  const rest = known.length - MOST_LISTED;
  return known.length === 0
    ? ''
    : ` (known: ${known.slice(0, MOST_LISTED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''})`;
}

/** The same for many words: each is looked for once, and those behind the first few are told nothing. */
export function nearestAmong(known: readonly string[]): (word: string) => string {
  const told = new Map<string, string>();
  return (word) => {
    if (!told.has(word) && told.size < MOST_WORDS) told.set(word, nearest(word, known));
    return told.get(word) ?? '';
  };
}

/** How many letters to insert, drop or change to make one word of the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
