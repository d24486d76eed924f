import * as z from 'zod';
import { configSchema } from './schema.ts';

/** What of JSON Schema is looked at here. */
interface SchemaNode {
  type?: unknown;
  properties?: Readonly<Record<string, SchemaNode>>;
  required?: string[];
  items?: SchemaNode;
  additionalProperties?: SchemaNode | boolean;
  anyOf?: SchemaNode[];
  enum?: unknown[];
  default?: unknown;
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
  if (node.type === 'string' && (node.enum ?? node.const) !== undefined) {
    node.anyOf = [{ enum: node.enum ?? [node.const ?? null] }, { pattern: placeholder.slice(1) }];
    delete node.enum;
    delete node.const;
  }
  // With a placeholder for its `type`, a group may be of any kind.
  if (node.oneOf !== undefined) {
    node.anyOf = node.oneOf;
    delete node.oneOf;
  }
  // zod takes a key whose default comes by way of a transform for a required one, and drops the default.
  const { default: spelt } = z.globalRegistry.get(zodSchema) ?? {};
  if (spelt !== undefined) node.default = spelt as typeof node.default & {};
  if (zodSchema instanceof z.ZodObject && node.required !== undefined) {
    const shape: Readonly<Record<string, z.ZodType>> = zodSchema.shape;
    node.required = node.required.filter((key) => {
      const schema = shape[key];
      return schema?.safeParse(undefined).success === false && z.globalRegistry.get(schema)?.['default'] === undefined;
    });
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
export interface KnownKeys {
  readonly here: readonly string[];
  /** Those that may stand there in groups of another `type` alone, each with those types. */
  readonly elsewhere: ReadonlyMap<string, readonly string[]>;
}

/** Made when the first key that is not known needs it. */
let wholeSchema: SchemaNode | undefined;

/** At a place of this config, as far as it can be told what its groups are. */
export function knownKeys(path: readonly PropertyKey[], config: unknown): KnownKeys {
  wholeSchema ??= jsonSchema();
  let nodes = [wholeSchema];
  let value = config;
  for (const step of path) {
    nodes = nodes
      .flatMap((node) => branches(node, value))
      .flatMap(({ properties, items, additionalProperties }) => {
        const next = typeof step === 'number' ? items : (properties?.[String(step)] ?? additionalProperties);
        return typeof next === 'object' ? [next] : [];
      });
    value = memberOf(value, step);
  }
  const here = new Set(nodes.flatMap((node) => branches(node, value)).flatMap(keysOf));
  const elsewhere = new Map<string, string[]>();
  for (const node of nodes.flatMap((each) => branches(each))) {
    for (const key of keysOf(node)) {
      const [type] = typesOf(node);
      if (!here.has(key) && type !== undefined) elsewhere.set(key, [...(elsewhere.get(key) ?? []), type]);
    }
  }
  return { here: [...here], elsewhere };
}

/** A node and what it is a union of; of kinds told apart by `type` only that of the value, if there is one. */
function branches(node: SchemaNode, value?: unknown): SchemaNode[] {
  const type = memberOf(value, 'type');
  const fits = (branch: SchemaNode): boolean => {
    const types = typesOf(branch);
    const usual = branch.properties?.['type']?.default;
    return value === undefined || types.length === 0 || types.includes(String(type || usual));
  };
  return [node, ...(node.anyOf ?? []).filter(fits).flatMap((branch) => branches(branch, value))];
}

/** The words for its `type`, of a group that is one of several kinds. */
function typesOf({ properties }: SchemaNode): string[] {
  return (properties?.['type']?.anyOf ?? []).flatMap(({ enum: words = [] }) => words.map(String));
}

function keysOf({ properties = {} }: SchemaNode): string[] {
  return Object.keys(properties);
}

function memberOf(value: unknown, step: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Readonly<Record<PropertyKey, unknown>>)[step]
    : undefined;
}
