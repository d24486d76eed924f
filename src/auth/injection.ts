import type { OutboundRequest } from '../exchange.ts';
import type { Token } from './token.ts';

export interface InjectionOptions {
  readonly header?: string | undefined;
  /** `''` sends the bare token. */
  readonly scheme?: string | null | undefined;
  readonly query?: string | undefined;
}

/** How a token is put on a request. What a client sent in its place has been dropped before. */
export interface Injection {
  /** The field it goes into, in lower case; undefined when it goes into the query. */
  readonly field: string | undefined;
  /** The query parameter it goes into. */
  readonly parameter: string | undefined;
  /** A new request with the token on it. */
  inject(request: OutboundRequest, token: Token): OutboundRequest;
}

/** RFC 6750 §2.1, and for APIs that want it elsewhere: another field, or §2.3 a query parameter. */
export function injection({ header = 'Authorization', scheme, query }: InjectionOptions): Injection {
  if (query !== undefined) {
    const key = encodeURIComponent(query);
    return {
      field: undefined,
      parameter: query,
      inject: (request, token) => {
        const separator = request.target.includes('?') ? '&' : '?';
        return {
          ...request,
          target: `${request.target}${separator}${key}=${encodeURIComponent(token.value.reveal())}`,
        };
      },
    };
  }
  const prefix = (scheme ?? 'Bearer') === '' ? '' : `${scheme ?? 'Bearer'} `;
  return {
    field: header.toLowerCase(),
    parameter: undefined,
    // Each member by name: to copy an object takes longer than all else that is done here.
    inject: ({ method, target, fields, body, upgrade }, token) => ({
      method,
      target,
      fields: fields.with(header, `${prefix}${token.value.reveal()}`),
      body,
      upgrade,
    }),
  };
}
