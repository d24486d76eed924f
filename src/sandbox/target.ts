/** A request target, in the parts that the sandbox tells apart, none of them decoded. */
export interface Target {
  /** The first segment: a provider's prefix or `_sandbox`. */
  readonly prefix: string;
  /** Below the prefix, with its slash; empty when there is nothing. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
}

/** Takes origin-form and absolute-form (RFC 9112 §3.2.2); undefined for anything else. */
export function readTarget(target: string): Target | undefined {
  const originForm = target.replace(/^https?:\/\/[^/?]*/i, '');
  const parts = /^\/([^/?]*)([^?]*)(?:\?(.*))?$/s.exec(originForm);
  if (parts === null) return undefined;
  const [, prefix = '', path = '', query = ''] = parts;
  return { prefix, path, query };
}
