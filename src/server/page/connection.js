/** The way to the proxy. A URL that this page was opened by may hold a password, which no request may repeat: hence the origin. */

/** @import { Status, WholeStatus } from '../../app/status.ts' */
/** @import { ToldRequest } from '../../observe/latest-requests.ts' */

/** Milliseconds. The status comes every second. */
const SILENCE_MS = 5000;
const AGAIN_MS = 1000;

/**
 * @typedef {object} Listener
 * @property {() => void} opened
 * @property {() => void} lost
 * @property {(status: Status) => void} status
 * @property {(request: ToldRequest) => void} request
 * @property {(count: number) => void} skipped
 */

/**
 * Hears the proxy, again and again where it has gone.
 * @param {Listener} listener
 */
export function connect(listener) {
  const events = new EventSource(`${location.origin}/api/events`);
  const lose = () => {
    clearTimeout(silence);
    events.close();
    listener.lost();
    setTimeout(connect, AGAIN_MS, listener);
  };
  let silence = setTimeout(lose, SILENCE_MS);
  /** @type {(name: string, hear: (data: any) => void) => void} */
  const on = (name, hear) => events.addEventListener(name, ({ data }) => hear(JSON.parse(data)));
  events.addEventListener('open', listener.opened);
  events.addEventListener('error', lose);
  on('status', (status) => {
    clearTimeout(silence);
    silence = setTimeout(lose, SILENCE_MS);
    listener.status(status);
  });
  on('request', listener.request);
  on('skipped', ({ count }) => listener.skipped(count));
}

/** @returns {Promise<WholeStatus>} */
export async function wholeStatus() {
  const answer = await fetch(`${location.origin}/api/status`);
  if (!answer.ok) throw new Error(`the status cannot be had: ${answer.status}`);
  return answer.json();
}

/**
 * Gives what came of it, in words.
 * @param {string} name
 */
export async function refresh(name) {
  const path = `/api/credentials/${encodeURIComponent(name)}/refresh`;
  try {
    const answer = await fetch(location.origin + path, { method: 'POST' });
    if (answer.ok) return `${name} has a new token.`;
    const { code, detail } = await answer.json();
    return `No new token for ${name}: ${code}: ${detail}`;
  } catch {
    return `No new token for ${name}: the proxy cannot be reached.`;
  }
}
