import { z } from 'zod';
import { configSchema } from './schema.ts';

/** What of JSON Schema is looked at here. */
interface SchemaNode {
  type?: unknown;
  properties?: Readonly<Record<string, SchemaNode>>;
  required?: string[];
  items?: SchemaNode;
  additionalProperties?: SchemaNode | boolean;
  anyOf?: SchemaNode[];
}

/** The JSON Schema of `proxy.yaml`, for editors: what may be written, before anything is replaced or reckoned. */
export function jsonSchema(): SchemaNode {
  // Its own words for itself are wider; what is not named here is passed on as it is.
  const schema = z.toJSONSchema(configSchema('.'), {
    io: 'input',
    unrepresentable: 'any',
    override: asWritten,
  }) as SchemaNode;
  letBeEmpty(schema);
  return { title: 'proxy.yaml of Bearerway', ...schema } as SchemaNode;
}

/** The text `${NAME}` may stand for any scalar: it becomes the value before that is checked. */
const placeholder = '|\\$\\{';

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

const asWritten: Override = ({ zodSchema, jsonSchema: node }) => {
  if (node.type === 'string' && node.pattern !== undefined && !node.pattern.endsWith(placeholder))
    node.pattern += placeholder;
  if (node.type === 'string' && node.enum !== undefined) {
    node.anyOf = [{ enum: node.enum }, { pattern: placeholder.slice(1) }];
    delete node.enum;
  }
  // zod takes a key whose default comes by way of a transform for a required one, and drops the default.
  const { default: spelt } = z.globalRegistry.get(zodSchema) ?? {};
  if (spelt !== undefined) node.default = spelt as typeof node.default & {};
  if (zodSchema instanceof z.ZodObject && node.required !== undefined) {
    const shape: Readonly<Record<string, z.ZodType>> = zodSchema.shape;
    node.required = node.required.filter((key) => shape[key]?.safeParse(undefined).success === false);
    if (node.required.length === 0) delete node.required;
  }
};

/** An optional key may stand there without a value (`key:`), and counts as left out then. */
function letBeEmpty(node: SchemaNode): void {
  for (const [key, property] of Object.entries(node.properties ?? {})) {
    letBeEmpty(property);
    if (node.required?.includes(key)) continue;
    if (property.anyOf !== undefined && property.type === undefined) property.anyOf.push({ type: 'null' });
    else property.type = [property.type, 'null'].flat();
  }
  for (const inner of [node.items, node.additionalProperties, ...(node.anyOf ?? [])]) {
    if (typeof inner === 'object') letBeEmpty(inner);
  }
}

/** The keys that may stand at a place. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let nodes = [jsonSchema()];
  for (const step of path) {
    nodes = nodes.flatMap(branches).flatMap(({ properties, items, additionalProperties }) => {
      const next = typeof step === 'number' ? items : (properties?.[String(step)] ?? additionalProperties);
      return typeof next === 'object' ? [next] : [];
    });
  }
  return [...new Set(nodes.flatMap(branches).flatMap(({ properties = {} }) => Object.keys(properties)))];
}

function branches(node: SchemaNode): SchemaNode[] {
  return [node, ...(node.anyOf ?? []).flatMap(branches)];
}
