/** A pattern of `proxy.yaml` for paths, ready to be asked. */
export type PathPattern = (path: string) => boolean;

/**
 * `*` stands for anything within a segment, `**` for anything at all; all else is itself, byte for byte.
 * Takes time in proportion to the path, whatever the path: it follows all possible readings at once.
 */
export function pathPattern(pattern: string): PathPattern {
  const parts = pattern.match(/\*\*|\*|[^*]/g) ?? [];
  return (path) => {
    let states = skipStars(parts, [0]);
    for (const character of path) {
      const next: number[] = [];
      for (const state of states) {
        const part = parts[state];
        if (part === '**' || (part === '*' && character !== '/')) add(next, state);
        else if (part === character) add(next, state + 1);
      }
      if (next.length === 0) return false;
      states = skipStars(parts, next);
    }
    return states.includes(parts.length);
  };
}

/** A star may stand for nothing. */
function skipStars(parts: readonly string[], states: readonly number[]): number[] {
  const reached: number[] = [];
  for (const from of states) {
    let state = from;
    add(reached, state);
    while (parts[state]?.startsWith('*')) add(reached, ++state);
  }
  return reached;
}

function add(states: number[], state: number): void {
  if (!states.includes(state)) states.push(state);
}
