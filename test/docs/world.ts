/** The world outside of a machine that a page speaks of: hosts by their names, behind TLS, reached by an egress proxy. */
import { writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { folder } from '../cli/command.ts';
import { selfSigned } from '../support/certificate.ts';
import { type EgressProxy, startEgressProxy } from '../support/egress-proxy.ts';
import { closing, listening } from '../support/server.ts';

export interface Asked {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** What a host answers. */
export type Host = (asked: Asked, world: World) => Answer | Promise<Answer>;

export class World {
  readonly egress: EgressProxy;
  /** What programs of the page need to find it. */
  readonly env: Readonly<Record<string, string>>;
  readonly asked: Asked[] = [];
  readonly issued: string[] = [];
  readonly #hosts: Readonly<Record<string, Host>>;
  #revoked = 0;

  constructor(egress: EgressProxy, ca: string, hosts: Readonly<Record<string, Host>>) {
    this.egress = egress;
    this.env = { HTTPS_PROXY: egress.url, NODE_EXTRA_CA_CERTS: ca };
    this.#hosts = hosts;
  }

  /** What a host was asked. */
  of(host: string): Asked[] {
    return this.asked.filter((each) => each.host === host);
  }

  async answer(asked: Asked): Promise<Answer> {
    this.asked.push(asked);
    return (await this.#hosts[asked.host]?.(asked, this)) ?? { status: 421, body: 'nobody of that name' };
  }

  newToken(): string {
    const token = `canary-token-${this.issued.length + 1}`;
    this.issued.push(token);
    return token;
  }

  /** Tokens so far are worth nothing. */
  revoke(): void {
    this.#revoked = this.issued.length;
  }

  accepts(token: string): boolean {
    return this.issued.indexOf(token) >= this.#revoked;
  }
}

/** Hosts that are gone when the test is. */
export async function startWorld(hosts: Readonly<Record<string, Host>>): Promise<World> {
  const identity = selfSigned(...Object.keys(hosts));
  const ca = join(await folder(), 'ca.pem');
  await writeFile(ca, identity.cert);
  const server = createServer(identity, (request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', async () => {
        const { method = '', url: path = '', headers } = request;
        const body = Buffer.concat(chunks).toString();
        const answer = await world.answer({ host: headers.host ?? '', method, path, headers, body });
        response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
        response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
      });
  });
  const url = `https://127.0.0.1:${await listening(server)}`;
  const egress = await startEgressProxy();
  for (const name of Object.keys(hosts)) egress.knows(`${name}:443`, url);
  const world = new World(egress, ca, hosts);
  onTestFinished(() => closing(server));
  return world;
}

/** A token endpoint as RFC 6749 has it; `say` may spell the answer otherwise. */
export function identityProvider(say?: (token: string) => unknown): Host {
  return (_, world) => {
    const token = world.newToken();
    return { body: say?.(token) ?? { access_token: token, token_type: 'Bearer', expires_in: 3600 } };
  };
}

/** An API that tells who may ask what it was asked. Where its token is: `Authorization: Bearer …`, if nothing is said. */
export function api(tokenIn = (headers: IncomingHttpHeaders) => headers.authorization?.replace(/^Bearer /, '')): Host {
  return ({ method, path, headers, body }, world) => {
    const token = tokenIn(headers);
    if (token === undefined || !world.accepts(token)) return { status: 401, body: { error: 'who are you?' } };
    return { body: { method, path, ...(body === '' ? {} : { body }) } };
  };
}
