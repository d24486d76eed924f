import { jsonSchema } from '../config/json-schema.ts';
import type { Process } from './process.ts';

/** Prints the JSON Schema of `proxy.yaml`. */
export function schema({ stdout }: Pick<Process, 'stdout'>): void {
  stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
}
