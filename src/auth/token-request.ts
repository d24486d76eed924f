/** How a token request is spelt: RFC 6749 §4, with the variations that providers have. */
export interface TokenRequestOptions {
  readonly scope?: readonly string[] | undefined;
  readonly audience?: string | readonly string[] | undefined;
  /** RFC 8707. */
  readonly resource?: readonly string[] | undefined;
  readonly request: {
    readonly format: 'form' | 'json';
    readonly headers: Readonly<Record<string, string>>;
    readonly params: Readonly<Record<string, string>>;
    readonly query: Readonly<Record<string, string>>;
    /** Other names for parameters; null leaves one out. */
    readonly fields: Readonly<Record<string, string | null>>;
  };
}

/** A parameter by its name among the `fields`, or by the one it always has; without a value it is not there. */
export type Parameter = readonly [name: string, value: string | readonly string[] | undefined];

export interface TokenRequestParts {
  readonly url: string;
  readonly grantType: string;
  /** The grant's own parameters. */
  readonly grant: readonly Parameter[];
  /** What proves who the client is. */
  readonly client: { readonly authorization?: string; readonly parameters: readonly Parameter[] };
}

/** A token request, ready to be sent as a POST. */
export interface TokenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Builds the request; does no I/O. */
export function tokenRequest(options: TokenRequestOptions, parts: TokenRequestParts): TokenRequest {
  const { request } = options;
  const { authorization } = parts.client;
  const parameters = bodyParameters(options, parts);
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': request.format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    'user-agent': 'bearerway',
  };
  if (authorization !== undefined) headers['authorization'] = authorization;
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  return {
    url: withQuery(parts.url, request.query),
    headers,
    body: request.format === 'json' ? JSON.stringify(Object.fromEntries(parameters)) : form(parameters),
  };
}

type Spelt = ReadonlyMap<string, string | readonly string[]>;

function bodyParameters(
  { scope, audience, resource, request }: TokenRequestOptions,
  { grantType, grant, client }: TokenRequestParts,
): Spelt {
  const { fields, params } = request;
  const given: Parameter[] = [
    ['grantType', grantType],
    ...client.parameters,
    ...grant,
    ['scope', scope?.join(' ')],
    ['audience', audience],
    ['resource', resource],
  ];
  const parameters = new Map<string, string | readonly string[]>();
  for (const [known, value] of given) {
    const name = Object.hasOwn(fields, known) ? fields[known] : known;
    if (typeof name !== 'string' || value === undefined) continue;
    const [only, ...more] = [value].flat();
    parameters.set(name, only !== undefined && more.length === 0 ? only : value);
  }
  for (const [name, value] of Object.entries(params)) parameters.set(name, value);
  return parameters;
}

/** A parameter with several values is there several times (RFC 8707 §2). */
function form(parameters: Spelt): string {
  const pairs = [...parameters].flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  return new URLSearchParams(pairs).toString();
}

function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const added = new URLSearchParams(query).toString();
  if (added === '') return url;
  return `${url}${url.includes('?') ? '&' : '?'}${added}`;
}
