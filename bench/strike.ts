/** Requests by the thousand, made with wrk. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface Load {
  readonly name: string;
  readonly connections: number;
  /** Left out: as few as can be. */
  readonly fields?: readonly string[];
  /** To the API. */
  readonly tls?: boolean;
  /** Left out: one whose answer has 110 bytes. */
  readonly path?: string;
  /** Bytes that are sent with a POST; left out: GET. */
  readonly sent?: number;
  /**
   * To be measured for; left out: 1. At its end wrk leaves requests unanswered, and each takes its connection to the API
   * with it: where those are dear, or many, a short one would measure how they are made anew.
   */
  readonly seconds?: number;
}

const browserFields = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'DNT: 1',
  'Sec-GPC: 1',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=all',
  'Upgrade-Insecure-Requests: 1',
  'Priority: u=0, i',
  'Pragma: no-cache',
  'Cache-Control: no-cache',
  'If-None-Match: "0123456789abcdef"',
];

const KIB = 1024;

export const loads = {
  many: { name: 'GET, 64 connections', connections: 64 },
  fields: { name: 'GET, 64 connections, 13 fields', connections: 64, fields: browserFields },
  new: { name: 'GET, 64 clients, each request on a new connection', connections: 64, fields: ['Connection: close'] },
  one: { name: 'GET, 1 connection', connections: 1 },
  tls: { name: 'GET, 64 connections, TLS to the API', connections: 64, tls: true, seconds: 3 },
  /** To the API itself. */
  direct: { name: 'GET, 1 connection, without a proxy', connections: 1, path: '/x' },
  thousand: { name: 'GET, 1,000 connections', connections: 1000, seconds: 3 },
  post: { name: 'POST of 10 KiB, 64 connections', connections: 64, sent: 10 * KIB },
  down: { name: 'GET of 1 MiB, 8 connections', connections: 8, path: '/api/1m' },
  up: { name: 'POST of 1 MiB, 8 connections', connections: 8, sent: 1024 * KIB },
  postTls: { name: 'POST of 10 KiB, TLS to the API', connections: 64, sent: 10 * KIB, tls: true, seconds: 3 },
} as const satisfies Record<string, Load>;

export interface Strike {
  readonly count: number;
  /** Requests a second. */
  readonly rate: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Of requests at `path`, on one thread. Throws when one was not answered as it should be. */
export function strike(port: number, load: Load, seconds: number): Strike {
  const { connections, fields = [], path = '/api/x', sent } = load;
  const headers = fields.flatMap((field) => ['-H', field]);
  const script = sent === undefined ? [] : ['-s', join(import.meta.dirname, 'post.lua')];
  const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s', ...headers, ...script];
  const text = execFileSync('wrk', [...words, `http://127.0.0.1:${port}${path}`], {
    encoding: 'utf8',
    timeout: (seconds + 10) * 1000,
    env: { ...process.env, BYTES: `${sent ?? 0}` },
  });
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(text);
  const time = (name: string): number => {
    const [, amount, unit] = new RegExp(`${name}%\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
    return Number(amount) * (unit === 'us' ? 1 : unit === 'ms' ? 1000 : 1_000_000);
  };
  const count = Number(/(\d+) requests in/.exec(text)?.[1]);
  return { count, rate: count / seconds, p50Us: time('50'), p99Us: time('99') };
}
