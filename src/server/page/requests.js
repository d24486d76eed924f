/** @import { ToldRequest } from '../../observe/latest-requests.ts' */
import { byId, html, say } from './elements.js';
import { clockTime, inMs } from './words.js';

/** So many are kept. */
const MOST = 200;

/** The newest first. @type {ToldRequest[]} */
let known = [];
/** What is told of a request that is in a snapshot must not be shown twice. */
const keys = new Set();
/** What was there when the user bade the list stand still. @type {ToldRequest[] | undefined} */
let still;
let cameMeanwhile = 0;
let skippedInAll = 0;

const body = byId('requests');
const filter = /** @type {HTMLInputElement} */ (byId('filter'));
const pause = byId('pause');

filter.addEventListener('input', showAll);
pause.addEventListener('click', () => {
  still = still === undefined ? known.slice() : undefined;
  cameMeanwhile = 0;
  pause.setAttribute('aria-pressed', `${still !== undefined}`);
  showAll();
});

/**
 * Takes these in the place of all.
 * @param {readonly ToldRequest[]} requests
 */
export function showRequests(requests) {
  known = requests.slice(0, MOST);
  keys.clear();
  for (const each of known) keys.add(keyOf(each));
  if (still === undefined) showAll();
}

/** @param {ToldRequest} request */
export function addRequest(request) {
  if (keys.has(keyOf(request))) return;
  keys.add(keyOf(request));
  known.unshift(request);
  for (const old of known.splice(MOST)) keys.delete(keyOf(old));
  if (still !== undefined) cameMeanwhile += 1;
  else if (matches(request)) {
    body.prepend(row(request));
    while (body.children.length > MOST) body.lastElementChild?.remove();
  }
  showCount();
}

/** @param {number} count */
export function addSkipped(count) {
  skippedInAll += count;
  showCount();
}

function showAll() {
  body.replaceChildren(...(still ?? known).filter(matches).map(row));
  showCount();
}

function showCount() {
  const words = [
    `${body.children.length} of ${(still ?? known).length} shown`,
    still === undefined ? '' : `paused, ${cameMeanwhile} more since`,
    skippedInAll === 0 ? '' : `${skippedInAll} not told of: too many at once`,
  ];
  say(byId('count'), words.filter(Boolean).join(' · '));
}

/** By all but the time, which is told anew. @param {ToldRequest} request */
function keyOf({ time: _, ...request }) {
  return JSON.stringify(request);
}

/** @param {ToldRequest} request */
function matches({ method, path, status, route, credential, retry, error, reason, client, requestId }) {
  const text = [method, path, status, route, credential, retry, error, reason, client, requestId]
    .join(' ')
    .toLowerCase();
  return filter.value
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** @param {ToldRequest} request */
function row({ time, level, method, path, status, durationMs, credential, retry, error, reason }) {
  const tone = level !== 'info' || status >= 500 ? 'bad' : status >= 400 ? 'busy' : 'good';
  const odd = [retry === undefined ? '' : `401, sent again: ${retry}`, error, reason].filter(Boolean).join(' · ');
  return html(
    'tr',
    {},
    html('td', {}, clockTime(time)),
    html('td', { class: 'tone', 'data-tone': tone }, `${status}`),
    html('td', {}, `${method}`),
    html('td', { class: 'long path' }, `${path}`),
    html('td', { class: 'number' }, inMs(durationMs)),
    html('td', {}, credential ?? '–'),
    html('td', { class: 'long' }, odd),
  );
}
