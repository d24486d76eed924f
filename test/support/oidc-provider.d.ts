/** What the tests use of oidc-provider 9, which brings no types of its own. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  interface StoredToken {
    readonly clientId: string;
    readonly scope?: string;
    readonly aud?: string;
    save(): Promise<string>;
    destroy(): Promise<void>;
  }

  interface TokenModel {
    new (claims: Readonly<Record<string, unknown>>): StoredToken & { addOIDCScope(scope: string): void };
    find(value: string): Promise<StoredToken | undefined>;
  }

  interface ClientModel {
    find(id: string): Promise<unknown>;
  }

  export const errors: { readonly InvalidTarget: new () => Error };

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: TokenModel;
    readonly Client: ClientModel;
    readonly AccessToken: TokenModel;
    readonly ClientCredentials: TokenModel;
    readonly RefreshToken: TokenModel;
    callback(): RequestListener;
    on(event: string, listener: (context: unknown, error: Error) => void): this;
  }
}
