/** What commands read of a proxy's answers. Who answers may be anybody, and its texts go to a terminal. */
import { printable } from '../errors.ts';

/** Gives what is wanted of a value of JSON. Throws a TypeError where that is something else. */
export type Read<Told> = (value: unknown) => Told;

function text(value: unknown): string {
  if (typeof value === 'string') return printable(value);
  throw new TypeError('no text');
}

function lines(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split('\n').map(printable);
  throw new TypeError('no text');
}

function number(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new TypeError('no number');
}

function boolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError('neither true nor false');
}

function nullable<Told>(read: Read<Told>): Read<Told | null> {
  return (value) => (value === null ? null : read(value));
}

function list<Told>(read: Read<Told>): Read<readonly Told[]> {
  return (value) => {
    if (Array.isArray(value)) return value.map((member) => read(member));
    throw new TypeError('no list');
  };
}

/** What else there is in it is left out. */
function group<Told extends object>(members: { readonly [Name in keyof Told]: Read<Told[Name]> }): Read<Told> {
  return (value) => {
    if (typeof value !== 'object' || value === null) throw new TypeError('no group');
    const given: Readonly<Record<string, unknown>> = { ...value };
    const told = Object.entries<Read<unknown>>(members).map(([name, read]) => [name, read(given[name])]);
    // Each member is there, as its own read gave it.
    return Object.fromEntries(told) as Told;
  };
}

const route = group({
  prefix: text,
  upstream: text,
  credential: nullable(text),
  requests: number,
  errors: number,
  p50Ms: nullable(number),
  p99Ms: nullable(number),
  perSecond: list(group({ requests: number })),
});

const credential = group({
  name: text,
  type: text,
  state: text,
  ageS: nullable(number),
  lifetimeS: nullable(number),
  refreshes: number,
  failures: number,
  failure: nullable(group({ code: text, detail: text, retryInS: number })),
});

/** Of `/api/status`. */
export const toldStatus = group({
  version: text,
  uptimeS: number,
  ready: boolean,
  reload: nullable(group({ at: text, ok: boolean, error: nullable(lines) })),
  reasons: list(text),
  notes: list(text),
  listen: list(text),
  inFlight: number,
  routes: list(route),
  credentials: list(credential),
});

export type ToldStatus = ReturnType<typeof toldStatus>;
export type ToldRoute = ReturnType<typeof route>;
export type ToldCredential = ReturnType<typeof credential>;

/** Of a credential that has been refreshed. */
export const toldRefresh = group({ lifetimeS: nullable(number) });

/** RFC 9457. */
export const toldProblem = group({ code: text, detail: text });
