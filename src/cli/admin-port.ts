/** What a command asks a running proxy. */
import { type RequestOptions, request } from 'node:http';
import type { AdminPlace } from './admin-place.ts';
import { Complaint } from './complaint.ts';
import { type Read, toldProblem } from './told-status.ts';

/** Bytes: more than the status of some thousand routes. */
const LARGEST_ANSWER = 16_777_216;
/** How many groups and lists of an answer may stand within each other: more than in any of ours. */
const DEEPEST_ANSWER = 32;
/** Milliseconds: it is at hand. */
const STATUS_PATIENCE_MS = 10_000;

export interface AdminAnswer {
  /** Who gave it: host and port. */
  readonly place: string;
  readonly status: number;
  /** Its body, which is JSON. */
  readonly content: Readonly<Record<string, unknown>>;
}

export interface AdminQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Milliseconds until the whole answer is there. */
  readonly patienceMs: number;
}

/** Rejects with a Complaint where there is no proxy, or one that does not let us in. */
export async function askProxy(
  { host, port, clientToken, complaints }: AdminPlace,
  { method, path, patienceMs }: AdminQuestion,
): Promise<AdminAnswer> {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const headers = clientToken === undefined ? {} : { 'Bearerway-Client-Token': clientToken.reveal() };
  const { status, text } = await exchange({ host, port, method, path, headers }, patienceMs).catch((error) => {
    throw aboutSilence(error, place, complaints.nothingListens);
  });
  const content = parsed(text);
  if (content === undefined) throw stranger(place, 'is no JSON of ours');
  if (content['code'] === 'client_unauthorized')
    throw new Complaint(`the proxy on ${place} does not take ${complaints.doesNotTake}`);
  return { place, status, content };
}

/** The answer has a status. Rejects with a Complaint, as `askProxy`. */
export async function askStatus(place: AdminPlace): Promise<AdminAnswer> {
  const answer = await askProxy(place, { method: 'GET', path: '/api/status', patienceMs: STATUS_PATIENCE_MS });
  if (answer.content['code'] === 'no_route')
    throw new Complaint(
      `on ${answer.place} is a proxy's main port. What is asked for is its admin port: 9090, unless its configuration has another.`,
    );
  if (answer.status !== 200) throw new Complaint(`the proxy does not tell its status: ${problemIn(answer)}`);
  return answer;
}

/** The words of a problem (RFC 9457), for a terminal. Throws a Complaint about an answer that is none. */
export function problemIn(answer: AdminAnswer): string {
  const { code, detail } = toldIn(answer, toldProblem);
  return `${code}: ${detail}`;
}

/** What an answer tells. Throws a Complaint about one that tells something else. */
export function toldIn<Told>({ place, content }: AdminAnswer, read: Read<Told>): Told {
  try {
    return read(content);
  } catch {
    throw stranger(place, 'is none of a Bearerway');
  }
}

function stranger(place: string, its: string): Complaint {
  return new Complaint(`what listens on ${place} is no Bearerway, or none of this version: its answer ${its}.`);
}

/** Rejects with what becomes of the connection; EMSGSIZE: there is more than anybody needs, ETIMEDOUT: it takes too long. */
function exchange(
  options: RequestOptions,
  patienceMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      let size = 0;
      answer
        .on('data', (part: Buffer) => {
          parts.push(part);
          size += part.length;
          if (size > LARGEST_ANSWER) asked.destroy(Object.assign(new Error('it says too much'), { code: 'EMSGSIZE' }));
        })
        .on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }))
        .on('error', reject);
    });
    const late = setTimeout(() => {
      asked.destroy(Object.assign(new Error('it is slow'), { code: 'ETIMEDOUT' }));
    }, patienceMs);
    asked
      .on('close', () => clearTimeout(late))
      .on('error', reject)
      .end();
  });
}

function parsed(text: string): AdminAnswer['content'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !isDeeper(value, DEEPEST_ANSWER) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

function aboutSilence(error: unknown, place: string, nothingListens: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return new Complaint(`nothing listens on ${place}${nothingListens}`);
  if (code === 'EMSGSIZE') return stranger(place, `is larger than ${LARGEST_ANSWER} bytes`);
  return new Complaint(`the admin port on ${place} does not answer (${code ?? 'unknown'}): it may be another program.`);
}
