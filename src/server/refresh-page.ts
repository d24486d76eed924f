import { Failure } from '../errors.ts';
import type { StopSignal } from '../stop.ts';
import { json, type Page } from './pages.ts';

/** Gets a new token for a credential and tells of it; undefined: there is no such credential. */
export type Refresh = (name: string, signal: StopSignal) => Promise<unknown> | undefined;

/** Answers once the token is there, or with the failure. */
export function refreshPage(refresh: Refresh): Page {
  return {
    method: 'POST',
    path: '/api/credentials/*/refresh',
    open: false,
    async visit({ name, signal }) {
      const refreshed = refresh(name, signal);
      if (refreshed === undefined) throw new Failure('no_route', 'the configuration has no credential of that name');
      return json(await refreshed);
    },
  };
}
