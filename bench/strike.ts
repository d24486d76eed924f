/** Requests by the thousand, made with wrk. */
import { execFileSync } from 'node:child_process';

export interface Load {
  readonly name: string;
  readonly connections: number;
  readonly fields: readonly string[];
  readonly tls: boolean;
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

export const loads = {
  many: { name: 'GET, 64 connections', connections: 64, fields: [], tls: false },
  fields: { name: 'the same, 13 fields', connections: 64, fields: browserFields, tls: false },
  one: { name: 'GET, 1 connection', connections: 1, fields: [], tls: false },
  tls: { name: 'GET, 64, TLS to the API', connections: 64, fields: [], tls: true },
} as const satisfies Record<string, Load>;

export interface Strike {
  readonly count: number;
  /** Requests a second. */
  readonly rate: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

export function strike(port: number, { connections, fields }: Load, seconds: number): Strike {
  const headers = fields.flatMap((field) => ['-H', field]);
  const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...headers, `http://127.0.0.1:${port}/api/x`];
  const text = execFileSync('wrk', words, { encoding: 'utf8', timeout: (seconds + 10) * 1000 });
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(text);
  const time = (name: string): number => {
    const [, amount, unit] = new RegExp(`${name}%\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
    return Number(amount) * (unit === 'us' ? 1 : unit === 'ms' ? 1000 : 1_000_000);
  };
  const count = Number(/(\d+) requests in/.exec(text)?.[1]);
  return { count, rate: count / seconds, p50Us: time('50'), p99Us: time('99') };
}
