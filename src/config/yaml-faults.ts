/** What is wrong with a text as YAML, in words that quote nothing of it: the parser's own repeat pieces, and a piece may be a secret. */
import { type Document, type ErrorCode, isAlias, isCollection, isMap, isNode, isScalar, type Node, visit } from 'yaml';

const quoteIt = '(a value that begins with one of & * ! | > % @ ` { [ has to be quoted: "…")';

const noMerge =
  '"<<" merges nothing: YAML 1.2 has no merge keys (write the keys out, or take a whole group by its alias: timeouts: *name)';
const notClosed = 'is not YAML: the bracket that opens here is not closed (or a line of it is not indented enough)';

const inWords: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: `an alias ends in a way that can be read in two ways ${quoteIt}`,
  BAD_DIRECTIVE: 'a line that begins with % is a directive, and this is none that is known',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins an escape that there is not (use single quotes)',
  BAD_INDENT: 'the indentation does not fit (compare it with the lines above)',
  BAD_SCALAR_START: `a value begins with a character that has a meaning of its own ${quoteIt}`,
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " in one line (quote a value that holds one)',
  DUPLICATE_KEY: 'the key is there twice',
  MISSING_CHAR:
    'the indentation here or in the line above does not fit, or a quote, comma, colon or bracket is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines (is there a ":" and a space behind it?)',
  MULTIPLE_DOCS: 'a second document begins here (a config is one: remove the "---")',
  TAB_AS_INDENT: 'a tab is no indentation (use spaces)',
  TAG_RESOLVE_FAILED: `a tag that is not known ${quoteIt}`,
  UNEXPECTED_TOKEN: `something that cannot stand here ${quoteIt}`,
};

/** Something that is wrong with a text, and where. */
interface TextFault {
  readonly offset: number;
  readonly message: string;
}

interface Finding {
  readonly offset: number;
  readonly code: ErrorCode;
}

/** What the parser found, in our words, without what it took offence at because it had lost its way before. */
export function yamlFaults(document: Document, source: string): readonly TextFault[] {
  const all = [...document.errors, ...document.warnings].map(({ pos: [offset], code }) => ({ offset, code }));
  const causes = [...unquotedIn(source, all), ...unclosedIn(document, source, all)];
  const end = Math.min(source.length + 1, ...causes.map(({ until }) => until));
  const lost = all.find(({ code }) => code === 'UNEXPECTED_TOKEN');
  const told = all.filter((each) => each.offset < end && (each === lost || each.code !== 'UNEXPECTED_TOKEN'));
  return [...told.map(({ offset, code }) => ({ offset, message: yamlFault(code) })), ...causes];
}

function yamlFault(code: ErrorCode): string {
  return `is not YAML: ${inWords[code] ?? 'it cannot be understood from here on'}`;
}

/** `until`: where the parser begins to take offence at it. */
interface Cause extends TextFault {
  readonly until: number;
}

/** Within brackets the "{" of a placeholder begins a group; the first of each line is told. */
function unquotedIn(source: string, all: readonly Finding[]): Cause[] {
  const offsets = all.map(({ offset }) => offset - 1).filter((offset) => source.startsWith('${', offset));
  return offsets
    .filter((offset, at) => at === 0 || source.slice(offsets[at - 1], offset).includes('\n'))
    .map((offset) => ({
      offset,
      until: offset,
      message: 'a ${NAME} within { } or [ ] has to be in quotes: "${NAME}"',
    }));
}

/** The first bracket that is not closed, the inner one of several; none where something within it was found that tells why. */
function unclosedIn(document: Document, source: string, all: readonly Finding[]): Cause[] {
  const opened = new Map<number, number>();
  visit(document, {
    Collection(_, node) {
      const [start, end] = node.range ?? [0, 0];
      if (node.flow === true && source[end - 1] !== (isMap(node) ? '}' : ']')) opened.set(end, start);
    },
  });
  const within = (start: number, end: number): boolean => all.some(({ offset }) => offset > start && offset < end);
  for (const { offset: until } of all) {
    const offset = opened.get(until);
    if (offset === undefined || within(offset, until)) continue;
    return [{ offset, until, message: notClosed }];
  }
  return [];
}

/**
 * What YAML allows and a config does not: aliases of nothing, bytes, groups and lists as names, two that are the same
 * as text (`1` and `'1'`), the name of an object's prototype, and what YAML 1.1 merged by.
 */
export function forbidden(document: Document, fault: (offset: number, message: string) => void): void {
  // An alias's own `resolve` walks through the whole document each time.
  const anchored = new Map<string, Node>();
  /** Of each group, those that have come so far. */
  const names = new Map<unknown, Set<string>>();
  visit(document, {
    Value(_, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
    },
    Alias(_, { source, range }) {
      if (!anchored.has(source)) fault(range?.[0] ?? 0, `is an alias ("*") of an anchor that is not there ${quoteIt}`);
    },
    Pair(_, { key }, path) {
      const name = isAlias(key) ? anchored.get(key.source) : key;
      const at = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      // Its text would be the key, and be told.
      if (isCollection(name) || (isScalar(name) && name.value instanceof Uint8Array))
        fault(at, `bytes, a group or a list cannot be a name ${quoteIt}`);
      if (isScalar(key) && key.value === '__proto__') fault(at, '__proto__ cannot be a name');
      if (isScalar(key) && key.value === '<<' && key.type === 'PLAIN') fault(at, noMerge);
      if (!isScalar(name)) return;
      const group = path.at(-1);
      const before = names.get(group) ?? new Set();
      const text = String(name.value ?? '');
      if (before.has(text)) fault(at, yamlFault('DUPLICATE_KEY'));
      names.set(group, before.add(text));
    },
  });
}
