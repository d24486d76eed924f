/**
 * The providers whose peculiarities are known, as data: each is a set of defaults for the options of a
 * `client_credentials` credential, and every one of them can be overridden in `proxy.yaml`.
 * Facts are from the providers' own pages; the conformance tests hold the request on the wire against them.
 */
export interface Provider {
  /** Its API, where there is only one; else `baseUrl` is required in the config. */
  readonly baseUrl?: string;
  /** Below the base URL. */
  readonly tokenPath: string;
  /** Options as `proxy.yaml` spells them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export const providers = {
  nitro: {
    baseUrl: 'https://api.gonitro.dev',
    tokenPath: '/oauth/token',
    options: {
      clientAuth: 'post',
      request: { format: 'json', fields: { clientId: 'clientID', clientSecret: 'clientSecret', grantType: null } },
    },
  },
  podero: {
    baseUrl: 'https://app.podero.com',
    tokenPath: '/oauth2/token/',
    options: {
      clientAuth: 'basic',
      basicEncoding: 'raw',
      request: { format: 'json', headers: { 'Cache-Control': 'no-cache' } },
    },
  },
  optty: {
    tokenPath: '/token',
    options: { clientAuth: 'post', scope: ['api-user'], request: { query: { expires_in: '1' } } },
  },
  spotnana: {
    tokenPath: '/v2/auth/oauth2-token',
    options: { clientAuth: 'post' },
  },
} as const satisfies Record<string, Provider>;

export type ProviderName = keyof typeof providers;

// A tuple's type is lost by Object.keys; these are its members all the same.
export const providerNames = Object.keys(providers) as [ProviderName, ...ProviderName[]];
