/** JSON Schema, as far as ours uses it: what of a value does not fit. */

export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly default?: unknown;
}

/** A node and all below it. */
export function nodes(node: SchemaNode): SchemaNode[] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = node;
  const below = [...Object.values(properties), ...anyOf, additionalProperties, items];
  return [node, ...below.flatMap((each) => (typeof each === 'object' ? nodes(each) : []))];
}

/** Why a value does not fit, by the keywords that our schema uses. */
export function refusals(node: SchemaNode, value: unknown): string[] {
  const found: string[] = [];
  const { type, pattern, anyOf, required = [], properties = {}, additionalProperties, items } = node;
  if (type !== undefined && ![type].flat().includes(typeOf(value))) found.push(`type ${String(type)}`);
  if (node.enum !== undefined && !node.enum.includes(value)) found.push('enum');
  if ('const' in node && node.const !== value) found.push('const');
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern, 'u').test(value))
    found.push('pattern');
  if (anyOf?.every((branch) => refusals(branch, value).length > 0)) found.push('anyOf');
  if (Array.isArray(value) && items !== undefined) found.push(...value.flatMap((item) => refusals(items, item)));
  if (typeOf(value) !== 'object') return found;
  const members = Object.entries(value ?? {});
  found.push(...required.filter((key) => !members.some(([name]) => name === key)));
  for (const [key, member] of members) {
    const schemaOf = properties[key] ?? additionalProperties;
    if (schemaOf === false) found.push(key);
    else if (typeof schemaOf === 'object') found.push(...refusals(schemaOf, member));
  }
  return found;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
