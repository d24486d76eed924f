/**
 * The providers whose peculiarities are known, as data: each is a set of defaults for the options of a
 * `client_credentials` credential, and every one of them can be overridden in `proxy.yaml`.
 * Facts are from the providers' own pages; the conformance tests hold the request on the wire against them.
 * CONTRIBUTING.md tells how to add one.
 */
export interface Provider {
  /** As it writes itself. */
  readonly title: string;
  /** The page that says how to ask for a token. */
  readonly page: string;
  /** Where the API is: below the base URL as well, or somewhere else (an identity provider has APIs of others). */
  readonly api: 'at the base' | 'elsewhere';
  /** Its base, where there is only one; else `baseUrl` is required in the config. */
  readonly baseUrl?: string;
  /** What a base URL looks like, if that is known: what differs is in capitals. */
  readonly baseForm?: string;
  /** Below the base URL. */
  readonly tokenPath: string;
  /** Options that it cannot do without, and that nobody can know beforehand. */
  readonly needs?: { readonly [K in 'scope' | 'audience']?: Need };
  readonly options: ProviderOptions;
}

/** An option that has to be in the config. */
export interface Need {
  /** What it is to the provider. */
  readonly what: string;
  /** A whole one. */
  readonly example: string;
  /** What each of its texts looks like. */
  readonly form?: RegExp;
}

/** Options as `proxy.yaml` spells them: those in which providers differ. */
export interface ProviderOptions {
  readonly clientAuth: 'basic' | 'post';
  readonly basicEncoding?: 'form' | 'raw';
  readonly scope?: readonly string[];
  readonly request?: {
    readonly format?: 'form' | 'json';
    readonly headers?: Readonly<Record<string, string>>;
    readonly params?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly fields?: Readonly<Record<string, string | null>>;
  };
  readonly response?: {
    readonly accessToken?: string | readonly string[];
    readonly tokenType?: string | readonly string[];
    readonly expiresIn?: string | readonly string[];
    readonly expiresInUnit?: 's' | 'ms';
    readonly expiresAt?: string | readonly string[];
  };
  readonly inject?: { readonly header: string; readonly scheme: string } | { readonly query: string };
}

export const providers = {
  nitro: {
    title: 'Nitro',
    page: 'https://developers.gonitro.com/docs/api-reference/authentication/get-access-token',
    api: 'at the base',
    baseUrl: 'https://api.gonitro.dev',
    tokenPath: '/oauth/token',
    options: {
      clientAuth: 'post',
      request: { format: 'json', fields: { clientId: 'clientID', clientSecret: 'clientSecret', grantType: null } },
    },
  },
  podero: {
    title: 'Podero',
    page: 'https://developers.podero.com',
    api: 'at the base',
    baseUrl: 'https://app.podero.com',
    tokenPath: '/oauth2/token/',
    options: {
      clientAuth: 'basic',
      basicEncoding: 'raw',
      request: { format: 'json', headers: { 'Cache-Control': 'no-cache' } },
    },
  },
  optty: {
    title: 'Optty',
    page: 'https://docs.optty.com/direct-api-orders/create-access-token.md',
    api: 'at the base',
    tokenPath: '/token',
    options: { clientAuth: 'post', scope: ['api-user'], request: { query: { expires_in: '1' } } },
  },
  spotnana: {
    title: 'Spotnana',
    page: 'https://developer.spotnana.com/integration/api/api-access-token',
    api: 'at the base',
    tokenPath: '/v2/auth/oauth2-token',
    options: { clientAuth: 'post' },
  },
  auth0: {
    title: 'Auth0',
    page: 'https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow/call-your-api-using-the-client-credentials-flow',
    api: 'elsewhere',
    baseForm: 'https://TENANT.eu.auth0.com',
    tokenPath: '/oauth/token',
    needs: {
      audience: { what: 'the Identifier of the API, from its settings in Auth0', example: 'https://api.example.com' },
    },
    options: { clientAuth: 'post' },
  },
  entra: {
    title: 'Microsoft Entra ID',
    page: 'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow',
    api: 'elsewhere',
    baseForm: 'https://login.microsoftonline.com/TENANT',
    tokenPath: '/oauth2/v2.0/token',
    needs: {
      scope: {
        what: "the API's Application ID URI and /.default",
        example: 'https://graph.microsoft.com/.default',
        form: /\/\.default$/,
      },
    },
    options: { clientAuth: 'post' },
  },
  // Its page encodes nothing before base64.
  okta: {
    title: 'Okta',
    page: 'https://developer.okta.com/docs/guides/implement-grant-type/clientcreds/main/',
    api: 'elsewhere',
    baseForm: 'https://ORG.okta.com/oauth2/default',
    tokenPath: '/v1/token',
    needs: { scope: { what: 'a custom scope of the authorization server, one at least', example: 'orders.read' } },
    options: { clientAuth: 'basic', basicEncoding: 'raw' },
  },
  // Keycloak decodes what stands in Basic as RFC 6749 §2.3.1 has it, since version 20 (keycloak/keycloak#14247).
  keycloak: {
    title: 'Keycloak',
    page: 'https://www.keycloak.org/docs/latest/server_admin/#_service_accounts',
    api: 'elsewhere',
    baseForm: 'https://HOST/realms/REALM',
    tokenPath: '/protocol/openid-connect/token',
    options: { clientAuth: 'basic', basicEncoding: 'form' },
  },
} as const satisfies Record<string, Provider>;

export type ProviderName = keyof typeof providers;

// A tuple's type is lost by Object.keys; these are its members all the same.
export const providerNames = Object.keys(providers) as [ProviderName, ...ProviderName[]];

/** The provider of that name, if it is one. */
export function providerNamed(name: unknown): Provider | undefined {
  const known: Readonly<Record<string, Provider>> = providers;
  return typeof name === 'string' && Object.hasOwn(known, name) ? known[name] : undefined;
}
