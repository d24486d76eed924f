/** What a command asks a running proxy. */
import { type RequestOptions, request } from 'node:http';
import type { Config } from '../config/schema.ts';
import { printable } from '../errors.ts';
import { Complaint } from './complaint.ts';

export interface AdminAnswer {
  readonly status: number;
  /** Its body, which is JSON. */
  readonly content: Readonly<Record<string, unknown>>;
}

export interface AdminQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Milliseconds that the proxy may be silent. */
  readonly patienceMs: number;
}

/** Asks the proxy that this config is for. Rejects with a Complaint where there is none, or one that does not let us in. */
export async function askProxy(
  { admin }: Pick<Config, 'admin'>,
  { method, path, patienceMs }: AdminQuestion,
): Promise<AdminAnswer> {
  if (admin === false)
    throw new Complaint('this configuration has no admin port (admin: false), and so nobody who could be asked.');
  if (admin.port === 0)
    throw new Complaint(
      'admin.port is 0, a free port that only the log of the running proxy tells. Set one to ask there.',
    );
  const host = reachable(admin.host);
  const place = `${host.includes(':') ? `[${host}]` : host}:${admin.port}`;
  const token = await admin.clientToken?.read().catch((error: Error) => {
    throw new Complaint(`the client token cannot be had: ${error.message}`);
  });
  const headers = token === undefined ? {} : { 'Bearerway-Client-Token': token.reveal() };
  const { status, text } = await exchange({ host, port: admin.port, method, path, headers, timeout: patienceMs }).catch(
    (error) => Promise.reject(aboutSilence(error, place)),
  );
  const content = parsed(text);
  if (content === undefined)
    throw new Complaint(`what listens on ${place} is no Bearerway, or none of this version: its answer is no JSON.`);
  if (content['code'] === 'client_unauthorized')
    throw new Complaint(
      `the proxy on ${place} does not take ${token ? 'the admin.clientToken of this configuration: it runs with another' : 'us without its admin.clientToken, which this configuration does not have'}.`,
    );
  return { status, content };
}

/** The words of a problem (RFC 9457), for a terminal. */
export function problemIn({ content }: AdminAnswer): string {
  return printable(`${content['code']}: ${content['detail']}`);
}

/** Where all addresses are listened on, this machine's own is one. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === 'localhost') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function exchange(options: RequestOptions): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, agent: false }, (answer) => {
      let text = '';
      answer
        .setEncoding('utf8')
        .on('data', (part: string) => {
          text += part;
        })
        .on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
        .on('error', reject);
    });
    asked
      .on('timeout', () => asked.destroy(Object.assign(new Error('it is silent'), { code: 'ETIMEDOUT' })))
      .on('error', reject)
      .end();
  });
}

function parsed(text: string): AdminAnswer['content'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function aboutSilence(error: unknown, place: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED')
    return new Complaint(
      `nothing listens on ${place}, the admin port of this configuration. Start the proxy (bearerway run), or name the configuration it runs with (--config).`,
    );
  return new Complaint(`the admin port on ${place} does not answer (${code ?? 'unknown'}): it may be another program.`);
}
