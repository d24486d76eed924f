/** Those that are compared, each as its users run it: with a token on every request, and a connection pool. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { hasNginx, nginxConfig } from './nginx.ts';
import { Program } from './processes.ts';

export interface Place {
  /** For files. */
  readonly folder: string;
  /** To listen on. */
  readonly port: number;
  /** The API's address. */
  readonly target: string;
  /** Where tokens are. */
  readonly tokenUrl: string;
  /** Processes that serve, where that can be chosen. */
  readonly workers?: number;
}

export interface Peer {
  readonly name: 'bearerway' | 'http-proxy' | 'httpxy' | 'fastify' | 'nginx+lua';
  start(place: Place): Program;
}

/** To the API, at most, of each peer: more than any load has clients, as whoever expects so many would set it. */
export const CONNECTIONS = 1024;

const root = join(import.meta.dirname, '..');

export const bearerway: Peer = {
  name: 'bearerway',
  start({ folder, port, target, tokenUrl, workers = 1 }) {
    const file = join(folder, `proxy-${port}.yaml`);
    const credential = { tokenUrl, clientId: 'bench', clientSecret: 'bench' };
    const tls = target.startsWith('https:') ? { insecure: true } : {};
    const routes = [{ prefix: '/api', upstream: target, credential: 'main', connections: CONNECTIONS, tls }];
    return startBearerway(file, { listen: { port }, workers, credentials: { main: credential }, routes });
  },
};

/** As shipped: with its log (in a file, as nginx has it), its admin port and all that is counted for it. */
export function startBearerway(file: string, config: Readonly<Record<string, unknown>>): Program {
  writeFileSync(file, stringify({ admin: { port: 0 }, ...config }, { aliasDuplicateObjects: false }));
  const words = [join(root, 'bin/bearerway.js'), 'run', '-c', file, '--log-format', 'json'];
  return new Program(process.execPath, words, { output: `${file}.log` });
}

const script =
  (file: string) =>
  ({ port, target }: Place): Program =>
    new Program(process.execPath, ['--no-warnings', join(root, 'bench', file), `${port}`, target, `${CONNECTIONS}`]);

const nginx: Peer = {
  name: 'nginx+lua',
  start({ folder, port, target }) {
    const file = join(folder, `nginx-${port}.conf`);
    writeFileSync(file, nginxConfig(folder, port, target, CONNECTIONS));
    return new Program('/usr/sbin/nginx', ['-c', file]);
  },
};

/** In turn: the closer two stand, the more alike the machine is to both. */
export const peers: readonly Peer[] = [
  bearerway,
  ...(hasNginx ? [nginx] : []),
  { name: 'http-proxy', start: script('http-proxy.ts') },
  { name: 'httpxy', start: script('httpxy.ts') },
  { name: 'fastify', start: script('fastify.ts') },
];
