/**
 * Where the metadata of an authorization server is looked for, in this order: RFC 8414 §3.1 puts its name between host
 * and path, OpenID Connect Discovery §4 behind the path.
 */
export function metadataUrls(issuer: string): string[] {
  const [, origin = '', path = ''] = /^(https?:\/\/[^/]+)(.*)$/i.exec(issuer) ?? [];
  const trimmed = path.replace(/\/$/, '');
  return [
    `${origin}/.well-known/oauth-authorization-server${trimmed}`,
    `${origin}${trimmed}/.well-known/openid-configuration`,
  ];
}
