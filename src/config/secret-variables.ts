/** Which environment variables a config takes secrets from. */
import { type Document, isAlias, isPair, isScalar, type Node, parseDocument, visit } from 'yaml';
import { variablesIn } from './environment.ts';

/** Keys that are secrets, or addresses that may hold one: a password, or a key in the query. */
const secretKeys = [
  ...['clientSecret', 'clientToken', 'token', 'value', 'password', 'refreshToken', 'privateKey', 'assertion'],
  ...['subjectToken', 'actorToken', 'encryptionKey', 'key', 'proxy', 'url', 'tokenUrl', 'issuer'],
];
/** Groups in which anything may be one. */
const secretGroups = ['headers', 'params', 'query', 'env', 'command'];
const suspects = new Set([...secretKeys, ...secretGroups]);

/** What every program may know, and needs (POSIX.1, Base Definitions §8.3). */
const nobodysSecret = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'PWD',
  'TMPDIR',
  'LANG',
  'TERM',
  'HOSTNAME',
]);

/** Those that a secret key is made of, or what else may hold a secret, in a text that `parseConfig` accepts. */
export function secretVariables(source: string): ReadonlySet<string> {
  const document = parseDocument(source);
  const found = new Set<string>();
  visit(document, {
    Pair(_, { key, value }) {
      if (isScalar(key) && suspects.has(String(key.value))) collect(value, document, found);
    },
  });
  for (const name of nobodysSecret) found.delete(name);
  return found;
}

/** All that stands below, by way of aliases too. */
function collect(value: unknown, document: Document, found: Set<string>): void {
  if (isPair(value) || typeof value !== 'object' || value === null) return;
  // What a document of YAML holds as a value is a node.
  visit(value as Node, {
    Scalar(key, { value: text }) {
      if (key !== 'key' && typeof text === 'string') for (const name of variablesIn(text)) found.add(name);
    },
    Alias(_, node) {
      const target = isAlias(node) ? node.resolve(document) : undefined;
      if (target !== undefined) collect(target, document, found);
    },
  });
}
