import { Secret } from '../secret.ts';
import type { Config } from './schema.ts';

const SECRET = '[secret]';
const HIDDEN = '[hidden]';

/** Groups whose names are the user's own, and so are secret or not. */
const ownNames: readonly string[] = ['set', 'params', 'query', 'env'];

/**
 * A config as people may see it: times in milliseconds, sizes in bytes. Secrets are left out, and so is what may be
 * one where nothing says that it is: values of fields, of parameters and of variables, and arguments of programs.
 */
export function shownConfig(config: Config): unknown {
  return shown(config, '', '');
}

/** `name` and `within` are the key of a value, and that of its group. */
function shown(value: unknown, name: string, within: string): unknown {
  if (typeof value === 'string') return name === 'tokenUrl' ? withoutQuery(value) : withoutKeys(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret || 'read' in value) return SECRET;
  if (Array.isArray(value)) {
    if (name === 'command') return value.map((word, at) => (at === 0 ? word : HIDDEN));
    return value.map((each) => shown(each, name, within));
  }
  const isOwn = ownNames.includes(name) || (name === 'headers' && within === 'request');
  const members = Object.entries(value).map(([key, member]) => [key, isOwn ? HIDDEN : shown(member, key, name)]);
  return Object.fromEntries(members);
}

function withoutQuery(url: string): string {
  return url.includes('?') ? `${url.slice(0, url.indexOf('?'))}?${HIDDEN}` : url;
}

/** Keys stand where certificates do. */
function withoutKeys(text: string): string {
  return text.includes('-----BEGIN ') ? '[PEM]' : text;
}
