/** Whether two values of a config say the same: values, not objects, are compared, all the way down. */

/** Says itself what it equals, as a value does that does not show what it holds. */
export interface Comparable {
  equals(other: unknown): boolean;
}

/** Of text, numbers, lists and plain groups (a key without a value is none), and of whatever is {@link Comparable}. */
export function alike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isComparable(a)) return a.equals(b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [ours, theirs] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return [...new Set([...ours.keys(), ...theirs.keys()])].every((key) => alike(ours.get(key), theirs.get(key)));
}

function isComparable(value: object): value is Comparable {
  return 'equals' in value && typeof value.equals === 'function';
}
