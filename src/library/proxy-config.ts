// Made of the schema by `npm run schema`; see build/config-types.ts.

/** What `proxy.yaml` holds, as an object: durations as text (`30s`), sizes too (`1MiB`). The README has what each key means. */
export interface ProxyConfig {
  readonly listen?:
    | {
        /** Default: `127.0.0.1`. */
        readonly host?: string | undefined;
        /** Default: `8080`. */
        readonly port?: number | undefined;
        readonly socket?: string | undefined;
        /** Default: `0600`. */
        readonly socketMode?: string | undefined;
        /** Default: `false`. */
        readonly openListener?: boolean | undefined;
        readonly allowedHosts?: readonly string[] | undefined;
        readonly allowedOrigins?: readonly string[] | undefined;
        readonly clientToken?: string | undefined;
        readonly clientTokenFile?: string | undefined;
        readonly tls?:
          | {
              readonly cert?: string | undefined;
              readonly key?: string | undefined;
              readonly clientCa?: string | undefined;
            }
          | undefined;
      }
    | undefined;
  readonly admin?:
    | false
    | {
        /** Default: `127.0.0.1`. */
        readonly host?: string | undefined;
        /** Default: `9090`. */
        readonly port?: number | undefined;
        readonly allowedHosts?: readonly string[] | undefined;
        readonly clientToken?: string | undefined;
        readonly clientTokenFile?: string | undefined;
      }
    | undefined;
  readonly log?:
    | {
        /** Default: `info`. */
        readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined;
        /** Default: `auto`. */
        readonly format?: 'auto' | 'json' | 'pretty' | undefined;
      }
    | undefined;
  /** Default: `1`. */
  readonly workers?: 'auto' | number | undefined;
  /** Default: `memory`. */
  readonly tokenStore?:
    | 'memory'
    | {
        readonly redis: {
          readonly url: string;
          /** Default: `bearerway:`. */
          readonly prefix?: string | undefined;
          readonly encryptionKey?: string | undefined;
          readonly encryptionKeyFile?: string | undefined;
          /** Default: `false`. */
          readonly required?: boolean | undefined;
        };
      }
    | undefined;
  readonly egress?:
    | {
        readonly proxy?: string | undefined;
        readonly noProxy?: readonly string[] | undefined;
        readonly ca?: readonly string[] | undefined;
      }
    | undefined;
  readonly limits?:
    | {
        /** Default: `1024`. */
        readonly inFlight?: number | undefined;
        /** Default: `64MiB`. */
        readonly replayMemory?: string | undefined;
        /** Default: `16KiB`. */
        readonly headerSize?: string | undefined;
        /** Default: `100`. */
        readonly headerCount?: number | undefined;
        /** Default: `8KiB`. */
        readonly targetSize?: string | undefined;
        /** Default: `30s`. */
        readonly headersTimeout?: string | undefined;
      }
    | undefined;
  readonly shutdown?:
    | {
        /** Default: `0s`. */
        readonly delay?: string | undefined;
        /** Default: `20s`. */
        readonly timeout?: string | undefined;
      }
    | undefined;
  readonly credentials?: Readonly<Record<string, CredentialConfig>> | undefined;
  readonly routes: readonly RouteConfig[];
}

/** One of `credentials`, told apart by `type`; left out, that is `client_credentials`. */
export type CredentialConfig =
  | {
      /** Default: `client_credentials`. */
      readonly type?: 'client_credentials' | undefined;
      readonly provider?:
        | 'nitro'
        | 'podero'
        | 'optty'
        | 'spotnana'
        | 'auth0'
        | 'entra'
        | 'okta'
        | 'keycloak'
        | undefined;
      readonly baseUrl?: string | undefined;
      readonly clientId: string;
      /** Default: `basic`. */
      readonly clientAuth?: 'basic' | 'post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls' | undefined;
      readonly clientSecret?: string | undefined;
      readonly clientSecretFile?: string | undefined;
      /** Default: `form`. */
      readonly basicEncoding?: 'form' | 'raw' | undefined;
      readonly privateKey?: string | undefined;
      readonly privateKeyFile?: string | undefined;
      readonly keyId?: string | undefined;
      readonly algorithm?:
        | 'RS256'
        | 'RS384'
        | 'RS512'
        | 'PS256'
        | 'PS384'
        | 'PS512'
        | 'ES256'
        | 'ES384'
        | 'ES512'
        | 'EdDSA'
        | 'HS256'
        | 'HS384'
        | 'HS512'
        | undefined;
      readonly clientAssertionAudience?: string | undefined;
      readonly tokenUrl?: string | undefined;
      readonly issuer?: string | undefined;
      readonly tls?:
        | {
            readonly ca?: string | undefined;
            readonly cert?: string | undefined;
            readonly key?: string | undefined;
          }
        | undefined;
      readonly scope?: string | readonly string[] | undefined;
      readonly audience?: string | undefined;
      readonly resource?: string | readonly string[] | undefined;
      readonly response?:
        | {
            readonly accessToken?: string | readonly string[] | undefined;
            readonly tokenType?: string | readonly string[] | undefined;
            readonly expiresIn?: string | readonly string[] | undefined;
            /** Default: `s`. */
            readonly expiresInUnit?: 's' | 'ms' | undefined;
            readonly expiresAt?: string | readonly string[] | undefined;
          }
        | undefined;
      readonly lifetime?:
        | {
            /** Default: `5m`. */
            readonly default?: string | undefined;
            /** Default: `24h`. */
            readonly max?: string | undefined;
            /** Default: `60s`. */
            readonly refreshBefore?: string | undefined;
          }
        | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
      readonly request?:
        | {
            /** Default: `form`. */
            readonly format?: 'form' | 'json' | undefined;
            readonly headers?: Readonly<Record<string, string>> | undefined;
            readonly params?: Readonly<Record<string, string>> | undefined;
            readonly query?: Readonly<Record<string, string>> | undefined;
            readonly fields?:
              | {
                  /** Default: `client_id`. */
                  readonly clientId?: string | undefined;
                  /** Default: `client_secret`. */
                  readonly clientSecret?: string | undefined;
                  /** Default: `grant_type`. */
                  readonly grantType?: string | undefined;
                  /** Default: `scope`. */
                  readonly scope?: string | undefined;
                  /** Default: `audience`. */
                  readonly audience?: string | undefined;
                }
              | undefined;
            /** Default: `10s`. */
            readonly timeout?: string | undefined;
          }
        | undefined;
    }
  | {
      readonly type: 'refresh_token';
      readonly clientId?: string | undefined;
      /** Default: `basic`. */
      readonly clientAuth?: 'basic' | 'post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls' | 'none' | undefined;
      readonly clientSecret?: string | undefined;
      readonly clientSecretFile?: string | undefined;
      /** Default: `form`. */
      readonly basicEncoding?: 'form' | 'raw' | undefined;
      readonly privateKey?: string | undefined;
      readonly privateKeyFile?: string | undefined;
      readonly keyId?: string | undefined;
      readonly algorithm?:
        | 'RS256'
        | 'RS384'
        | 'RS512'
        | 'PS256'
        | 'PS384'
        | 'PS512'
        | 'ES256'
        | 'ES384'
        | 'ES512'
        | 'EdDSA'
        | 'HS256'
        | 'HS384'
        | 'HS512'
        | undefined;
      readonly clientAssertionAudience?: string | undefined;
      readonly tokenUrl?: string | undefined;
      readonly issuer?: string | undefined;
      readonly tls?:
        | {
            readonly ca?: string | undefined;
            readonly cert?: string | undefined;
            readonly key?: string | undefined;
          }
        | undefined;
      readonly scope?: string | readonly string[] | undefined;
      readonly audience?: string | undefined;
      readonly resource?: string | readonly string[] | undefined;
      readonly response?:
        | {
            readonly accessToken?: string | readonly string[] | undefined;
            readonly tokenType?: string | readonly string[] | undefined;
            readonly expiresIn?: string | readonly string[] | undefined;
            /** Default: `s`. */
            readonly expiresInUnit?: 's' | 'ms' | undefined;
            readonly expiresAt?: string | readonly string[] | undefined;
            readonly refreshToken?: string | readonly string[] | undefined;
          }
        | undefined;
      readonly lifetime?:
        | {
            /** Default: `5m`. */
            readonly default?: string | undefined;
            /** Default: `24h`. */
            readonly max?: string | undefined;
            /** Default: `60s`. */
            readonly refreshBefore?: string | undefined;
          }
        | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
      readonly refreshToken?: string | undefined;
      readonly refreshTokenFile?: string | undefined;
      readonly request?:
        | {
            /** Default: `form`. */
            readonly format?: 'form' | 'json' | undefined;
            readonly headers?: Readonly<Record<string, string>> | undefined;
            readonly params?: Readonly<Record<string, string>> | undefined;
            readonly query?: Readonly<Record<string, string>> | undefined;
            readonly fields?:
              | {
                  /** Default: `client_id`. */
                  readonly clientId?: string | undefined;
                  /** Default: `client_secret`. */
                  readonly clientSecret?: string | undefined;
                  /** Default: `grant_type`. */
                  readonly grantType?: string | undefined;
                  /** Default: `scope`. */
                  readonly scope?: string | undefined;
                  /** Default: `audience`. */
                  readonly audience?: string | undefined;
                  /** Default: `refresh_token`. */
                  readonly refreshToken?: string | undefined;
                }
              | undefined;
            /** Default: `10s`. */
            readonly timeout?: string | undefined;
          }
        | undefined;
    }
  | {
      readonly type: 'password';
      readonly clientId?: string | undefined;
      /** Default: `basic`. */
      readonly clientAuth?: 'basic' | 'post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls' | 'none' | undefined;
      readonly clientSecret?: string | undefined;
      readonly clientSecretFile?: string | undefined;
      /** Default: `form`. */
      readonly basicEncoding?: 'form' | 'raw' | undefined;
      readonly privateKey?: string | undefined;
      readonly privateKeyFile?: string | undefined;
      readonly keyId?: string | undefined;
      readonly algorithm?:
        | 'RS256'
        | 'RS384'
        | 'RS512'
        | 'PS256'
        | 'PS384'
        | 'PS512'
        | 'ES256'
        | 'ES384'
        | 'ES512'
        | 'EdDSA'
        | 'HS256'
        | 'HS384'
        | 'HS512'
        | undefined;
      readonly clientAssertionAudience?: string | undefined;
      readonly tokenUrl?: string | undefined;
      readonly issuer?: string | undefined;
      readonly tls?:
        | {
            readonly ca?: string | undefined;
            readonly cert?: string | undefined;
            readonly key?: string | undefined;
          }
        | undefined;
      readonly scope?: string | readonly string[] | undefined;
      readonly audience?: string | undefined;
      readonly resource?: string | readonly string[] | undefined;
      readonly response?:
        | {
            readonly accessToken?: string | readonly string[] | undefined;
            readonly tokenType?: string | readonly string[] | undefined;
            readonly expiresIn?: string | readonly string[] | undefined;
            /** Default: `s`. */
            readonly expiresInUnit?: 's' | 'ms' | undefined;
            readonly expiresAt?: string | readonly string[] | undefined;
          }
        | undefined;
      readonly lifetime?:
        | {
            /** Default: `5m`. */
            readonly default?: string | undefined;
            /** Default: `24h`. */
            readonly max?: string | undefined;
            /** Default: `60s`. */
            readonly refreshBefore?: string | undefined;
          }
        | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
      readonly username: string;
      readonly password?: string | undefined;
      readonly passwordFile?: string | undefined;
      readonly request?:
        | {
            /** Default: `form`. */
            readonly format?: 'form' | 'json' | undefined;
            readonly headers?: Readonly<Record<string, string>> | undefined;
            readonly params?: Readonly<Record<string, string>> | undefined;
            readonly query?: Readonly<Record<string, string>> | undefined;
            readonly fields?:
              | {
                  /** Default: `client_id`. */
                  readonly clientId?: string | undefined;
                  /** Default: `client_secret`. */
                  readonly clientSecret?: string | undefined;
                  /** Default: `grant_type`. */
                  readonly grantType?: string | undefined;
                  /** Default: `scope`. */
                  readonly scope?: string | undefined;
                  /** Default: `audience`. */
                  readonly audience?: string | undefined;
                  /** Default: `username`. */
                  readonly username?: string | undefined;
                  /** Default: `password`. */
                  readonly password?: string | undefined;
                }
              | undefined;
            /** Default: `10s`. */
            readonly timeout?: string | undefined;
          }
        | undefined;
    }
  | {
      readonly type: 'jwt_bearer';
      readonly clientId?: string | undefined;
      /** Default: `basic`. */
      readonly clientAuth?: 'basic' | 'post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls' | 'none' | undefined;
      readonly clientSecret?: string | undefined;
      readonly clientSecretFile?: string | undefined;
      /** Default: `form`. */
      readonly basicEncoding?: 'form' | 'raw' | undefined;
      readonly privateKey?: string | undefined;
      readonly privateKeyFile?: string | undefined;
      readonly keyId?: string | undefined;
      readonly algorithm?:
        | 'RS256'
        | 'RS384'
        | 'RS512'
        | 'PS256'
        | 'PS384'
        | 'PS512'
        | 'ES256'
        | 'ES384'
        | 'ES512'
        | 'EdDSA'
        | 'HS256'
        | 'HS384'
        | 'HS512'
        | undefined;
      readonly clientAssertionAudience?: string | undefined;
      readonly tokenUrl?: string | undefined;
      readonly issuer?: string | undefined;
      readonly tls?:
        | {
            readonly ca?: string | undefined;
            readonly cert?: string | undefined;
            readonly key?: string | undefined;
          }
        | undefined;
      readonly scope?: string | readonly string[] | undefined;
      readonly audience?: string | undefined;
      readonly resource?: string | readonly string[] | undefined;
      readonly response?:
        | {
            readonly accessToken?: string | readonly string[] | undefined;
            readonly tokenType?: string | readonly string[] | undefined;
            readonly expiresIn?: string | readonly string[] | undefined;
            /** Default: `s`. */
            readonly expiresInUnit?: 's' | 'ms' | undefined;
            readonly expiresAt?: string | readonly string[] | undefined;
          }
        | undefined;
      readonly lifetime?:
        | {
            /** Default: `5m`. */
            readonly default?: string | undefined;
            /** Default: `24h`. */
            readonly max?: string | undefined;
            /** Default: `60s`. */
            readonly refreshBefore?: string | undefined;
          }
        | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
      readonly assertion?: string | undefined;
      readonly assertionFile?: string | undefined;
      readonly serviceAccountFile?: string | undefined;
      readonly claims?: Readonly<Record<string, string | number | boolean | readonly string[]>> | undefined;
      readonly request?:
        | {
            /** Default: `form`. */
            readonly format?: 'form' | 'json' | undefined;
            readonly headers?: Readonly<Record<string, string>> | undefined;
            readonly params?: Readonly<Record<string, string>> | undefined;
            readonly query?: Readonly<Record<string, string>> | undefined;
            readonly fields?:
              | {
                  /** Default: `client_id`. */
                  readonly clientId?: string | undefined;
                  /** Default: `client_secret`. */
                  readonly clientSecret?: string | undefined;
                  /** Default: `grant_type`. */
                  readonly grantType?: string | undefined;
                  /** Default: `scope`. */
                  readonly scope?: string | undefined;
                  /** Default: `audience`. */
                  readonly audience?: string | undefined;
                  /** Default: `assertion`. */
                  readonly assertion?: string | undefined;
                }
              | undefined;
            /** Default: `10s`. */
            readonly timeout?: string | undefined;
          }
        | undefined;
    }
  | {
      readonly type: 'token_exchange';
      readonly clientId?: string | undefined;
      /** Default: `basic`. */
      readonly clientAuth?: 'basic' | 'post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls' | 'none' | undefined;
      readonly clientSecret?: string | undefined;
      readonly clientSecretFile?: string | undefined;
      /** Default: `form`. */
      readonly basicEncoding?: 'form' | 'raw' | undefined;
      readonly privateKey?: string | undefined;
      readonly privateKeyFile?: string | undefined;
      readonly keyId?: string | undefined;
      readonly algorithm?:
        | 'RS256'
        | 'RS384'
        | 'RS512'
        | 'PS256'
        | 'PS384'
        | 'PS512'
        | 'ES256'
        | 'ES384'
        | 'ES512'
        | 'EdDSA'
        | 'HS256'
        | 'HS384'
        | 'HS512'
        | undefined;
      readonly clientAssertionAudience?: string | undefined;
      readonly tokenUrl?: string | undefined;
      readonly issuer?: string | undefined;
      readonly tls?:
        | {
            readonly ca?: string | undefined;
            readonly cert?: string | undefined;
            readonly key?: string | undefined;
          }
        | undefined;
      readonly scope?: string | readonly string[] | undefined;
      readonly audience?: string | readonly string[] | undefined;
      readonly resource?: string | readonly string[] | undefined;
      readonly response?:
        | {
            readonly accessToken?: string | readonly string[] | undefined;
            readonly tokenType?: string | readonly string[] | undefined;
            readonly expiresIn?: string | readonly string[] | undefined;
            /** Default: `s`. */
            readonly expiresInUnit?: 's' | 'ms' | undefined;
            readonly expiresAt?: string | readonly string[] | undefined;
          }
        | undefined;
      readonly lifetime?:
        | {
            /** Default: `5m`. */
            readonly default?: string | undefined;
            /** Default: `24h`. */
            readonly max?: string | undefined;
            /** Default: `60s`. */
            readonly refreshBefore?: string | undefined;
          }
        | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
      readonly subjectToken?: string | undefined;
      readonly subjectTokenFile?: string | undefined;
      /** Default: `jwt`. */
      readonly subjectTokenType?: string | undefined;
      readonly actorToken?: string | undefined;
      readonly actorTokenFile?: string | undefined;
      readonly actorTokenType?: string | undefined;
      readonly requestedTokenType?: string | undefined;
      readonly request?:
        | {
            /** Default: `form`. */
            readonly format?: 'form' | 'json' | undefined;
            readonly headers?: Readonly<Record<string, string>> | undefined;
            readonly params?: Readonly<Record<string, string>> | undefined;
            readonly query?: Readonly<Record<string, string>> | undefined;
            readonly fields?:
              | {
                  /** Default: `client_id`. */
                  readonly clientId?: string | undefined;
                  /** Default: `client_secret`. */
                  readonly clientSecret?: string | undefined;
                  /** Default: `grant_type`. */
                  readonly grantType?: string | undefined;
                  /** Default: `scope`. */
                  readonly scope?: string | undefined;
                  /** Default: `audience`. */
                  readonly audience?: string | undefined;
                }
              | undefined;
            /** Default: `10s`. */
            readonly timeout?: string | undefined;
          }
        | undefined;
    }
  | {
      readonly type: 'static';
      readonly token?: string | undefined;
      readonly tokenFile?: string | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
    }
  | {
      readonly type: 'api_key';
      readonly value?: string | undefined;
      readonly valueFile?: string | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
    }
  | {
      readonly type: 'basic';
      readonly username: string;
      readonly password?: string | undefined;
      readonly passwordFile?: string | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
    }
  | {
      readonly type: 'file';
      readonly path: string;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
    }
  | {
      readonly type: 'command';
      readonly command: readonly string[];
      readonly env?: Readonly<Record<string, string>> | undefined;
      /** Default: `10s`. */
      readonly timeout?: string | undefined;
      readonly lifetime?:
        | {
            /** Default: `5m`. */
            readonly default?: string | undefined;
            /** Default: `24h`. */
            readonly max?: string | undefined;
            /** Default: `60s`. */
            readonly refreshBefore?: string | undefined;
          }
        | undefined;
      readonly inject?:
        | {
            readonly header?: string | undefined;
            readonly scheme?: string | undefined;
            readonly query?: string | undefined;
          }
        | undefined;
      /** Default: `true`. */
      readonly required?: boolean | undefined;
    };

/** One of `routes`. */
export interface RouteConfig {
  readonly prefix: string;
  readonly upstream: string;
  readonly credential?: string | undefined;
  /** Default: `true`. */
  readonly stripPrefix?: boolean | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  readonly headers?:
    | {
        readonly set?: Readonly<Record<string, string>> | undefined;
        readonly remove?: readonly string[] | undefined;
      }
    | undefined;
  readonly timeouts?:
    | {
        /** Default: `10s`. */
        readonly connect?: string | undefined;
        /** Default: `60s`. */
        readonly headers?: string | undefined;
        /** Default: `5m`. */
        readonly idle?: string | undefined;
      }
    | undefined;
  readonly retry?:
    | {
        readonly statuses?: readonly number[] | undefined;
        /** Default: `1MiB`. */
        readonly maxBody?: string | undefined;
      }
    | undefined;
  /** Default: `256`. */
  readonly connections?: number | undefined;
  /** Default: `true`. */
  readonly websocket?: boolean | undefined;
  /** Default: `false`. */
  readonly forwardedHeaders?: boolean | undefined;
  /** Default: `true`. */
  readonly forward?: boolean | undefined;
  /** Default: `false`. */
  readonly plaintext?: boolean | undefined;
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        /** Default: `false`. */
        readonly insecure?: boolean | undefined;
      }
    | undefined;
}
