import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fields } from '../fields.ts';
import type { Target } from './target.ts';

/** A request to the sandbox on its way to a reply. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly target: Target;
  readonly fields: Fields;
}

export function visit(request: IncomingMessage, response: ServerResponse, target: Target): Visit {
  return { request, response, method: request.method ?? '', target, fields: new Fields(request.rawHeaders) };
}
