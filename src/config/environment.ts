/**
 * `${NAME}` and `${NAME:-default}` in the scalars of a parsed document. They are replaced after YAML is parsed, so
 * that a value can never add keys. `:-` covers an empty variable as well; `$${` is a literal `${`.
 */
import { type Document, isPair, isScalar, isSeq, visit } from 'yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

const placeholder = /\$\$\{|\$\{([^}]*)\}?/g;
/** A default holds no placeholder of its own: `}` would end both. */
const form = /^([A-Za-z_][A-Za-z0-9_]*)(?::-((?:(?!\$\{).)*))?$/s;

/**
 * Replaces them in place; each that cannot be is given to `fault`. Gives the variables that a scalar got its value from,
 * or its want of one, in words.
 */
export function substitute(
  document: Document,
  env: Environment,
  fault: (path: PropertyKey[], message: string) => void,
): ReadonlyMap<unknown, ReadonlySet<string>> {
  const sources = new Map<unknown, Set<string>>();
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string' || !node.value.includes('${')) return;
      node.value = node.value.replace(placeholder, (whole: string, inner: string | undefined) => {
        if (whole === '$${') return '${';
        const [, name, fallback] = (whole.endsWith('}') && form.exec(inner ?? '')) || [];
        if (name === undefined) {
          fault(
            pathTo([...ancestors, node]),
            'has a "${" that is no placeholder (${NAME}, ${NAME:-default}, or $${ for the characters themselves)',
          );
          return '';
        }
        const value = Object.hasOwn(env, name) ? env[name] : undefined;
        const isEmpty = value === undefined || value === '';
        const source = isEmpty ? `${name}, which is ${value === undefined ? 'not set' : 'empty'}` : name;
        if (!isEmpty || !fallback) sources.set(node, (sources.get(node) ?? new Set()).add(source));
        if (fallback !== undefined) return isEmpty ? fallback : value;
        if (value === undefined)
          fault(pathTo([...ancestors, node]), `needs the environment variable ${name}, which is not set`);
        return value ?? '';
      });
    },
  });
  return sources;
}

/** The variables that a text takes something from, whether they are set or not. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(placeholder)].flatMap(([whole, inner]) => {
    const [, name] = (whole.endsWith('}') && form.exec(inner ?? '')) || [];
    return name === undefined ? [] : [name];
  });
}

/** Of a text that is one placeholder with a default, and nothing else. */
export function defaulted(text: string): { readonly name: string; readonly fallback: string } | undefined {
  const [, name, fallback] = (/^\$\{.*\}$/s.test(text) && form.exec(text.slice(2, -1))) || [];
  return name === undefined || !fallback ? undefined : { name, fallback };
}

/** From the ancestors of a node, itself last, to the keys and indices that lead to it. */
function pathTo(nodes: readonly unknown[]): PropertyKey[] {
  const path: PropertyKey[] = [];
  for (const [index, node] of nodes.entries()) {
    if (isPair(node)) path.push(String(isScalar(node.key) ? node.key.value : node.key));
    if (isSeq(node)) path.push(node.items.indexOf(nodes[index + 1]));
  }
  return path;
}
