import { providerNamed } from '../providers.ts';
import { emptyAsAbsent } from '../scalars.ts';

/** The options of the provider that is named, under those that are spelt. */
export function overProvider(given: unknown): unknown {
  if (!isGroup(given)) return given;
  const provider = providerNamed(given['provider']);
  if (provider === undefined) return given;
  const needsNoBase =
    provider.baseUrl === undefined || ['tokenUrl', 'issuer'].some((key) => emptyAsAbsent(given[key]) !== undefined);
  const defaults = needsNoBase ? provider.options : { baseUrl: provider.baseUrl, ...provider.options };
  return overlay(defaults, given);
}

/** `over` where it says something, else `under`. Null says something among `fields`: it leaves a parameter out. */
function overlay(under: unknown, over: unknown, inFields = false): unknown {
  const silent = inFields ? over === '' : emptyAsAbsent(over) === undefined;
  if (silent) return under === undefined ? over : under;
  if (!isGroup(under) || !isGroup(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = overlay(under[key], value, key === 'fields' ? isGroup(value) : inFields);
  }
  return merged;
}

export function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
