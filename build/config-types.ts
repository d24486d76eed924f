/**
 * Makes `src/library/proxy-config.ts`, the types of a configuration in a program, of the schema: what may be written
 * there but for `${NAME}`, for which a program has the values themselves.
 */
import { jsonSchema } from '../src/config/json-schema.ts';

/** What of JSON Schema there is in ours. */
interface Node {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly default?: unknown;
}

/** The whole text of that file. */
export function configTypes(): string {
  // Every member of it is optional there.
  const schema = jsonSchema() as Node;
  const { credentials = {}, routes = {} } = schema.properties ?? {};
  const credential = typeof credentials.additionalProperties === 'object' ? credentials.additionalProperties : {};
  const parts = {
    ...schema.properties,
    credentials: { type: 'object', reference: 'Readonly<Record<string, CredentialConfig>>' },
    routes: { type: 'array', reference: 'readonly RouteConfig[]' },
  };
  return [
    '// Made of the schema by `npm run schema`; see build/config-types.ts.',
    '',
    '/** What `proxy.yaml` holds, as an object: durations as text (`30s`), sizes too (`1MiB`). The README has what each key means. */',
    `export interface ProxyConfig ${group({ ...schema, properties: parts }, '')}`,
    '',
    '/** One of `credentials`, told apart by `type`; left out, that is `client_credentials`. */',
    `export type CredentialConfig =${(credential.anyOf ?? []).map((kind) => `\n  | ${group(kind, '    ')}`).join('')};`,
    '',
    '/** One of `routes`. */',
    `export interface RouteConfig ${group(routes.items ?? {}, '')}`,
    '',
  ].join('\n');
}

function group({ properties = {}, required = [] }: Node, indent: string): string {
  const lines = Object.entries(properties).map(([key, node]) => {
    const { default: usual } = node;
    const told = usual === undefined || typeof usual === 'object' ? '' : `${indent}  /** Default: \`${usual}\`. */\n`;
    const isRequired = required.includes(key);
    return `${told}${indent}  readonly ${key}${isRequired ? '' : '?'}: ${type(node, `${indent}  `)}${isRequired ? '' : ' | undefined'};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

/** One that is written by name. */
interface Named extends Node {
  readonly reference?: string;
}

function type(node: Named, indent: string): string {
  if (node.reference !== undefined) return node.reference;
  const kinds = [...new Set((node.anyOf === undefined ? [node] : node.anyOf).flatMap((each) => types(each, indent)))];
  return kinds.length === 0 ? 'unknown' : kinds.join(' | ');
}

const placeholder = '\\$\\{';

/** Those that a value may be of; text that could only stand for another type is none. */
function types(node: Node, indent: string): string[] {
  if (node.anyOf !== undefined) return node.anyOf.flatMap((each) => types(each, indent));
  if (node.const !== undefined) return [JSON.stringify(node.const)];
  if (node.enum !== undefined) return node.enum.map((word) => (word === 'false' ? 'false' : `'${word}'`));
  if (node.pattern === placeholder || node.pattern === `^\\d{1,15}$|${placeholder}`) return [];
  const given = [node.type ?? []].flat().filter((each) => each !== 'null');
  const named = given.includes('boolean') ? ['boolean'] : given;
  return named.map((each) => {
    if (each === 'integer' || each === 'number') return 'number';
    if (each === 'array') return `readonly ${inParentheses(type(node.items ?? {}, indent))}[]`;
    if (each !== 'object') return each;
    if (node.properties !== undefined) return group(node, indent);
    const { additionalProperties: values } = node;
    return `Readonly<Record<string, ${typeof values === 'object' ? type(values, indent) : 'unknown'}>>`;
  });
}

function inParentheses(text: string): string {
  return text.includes('|') ? `(${text})` : text;
}

if (import.meta.main) process.stdout.write(configTypes());
