/** @import { RouteStatus } from '../../app/status.ts' */
import { announce, byId, html, List, say, svg } from './elements.js';
import { counted, inMs } from './words.js';

/** Seconds, that under way left out. */
const RATE_S = 10;
const HEIGHT = 20;

/** @type {List<RouteStatus>} */
const list = new List(byId('routes'), row);

/** @param {readonly RouteStatus[]} routes */
export function showRoutes(routes) {
  list.show(routes, ({ prefix }) => prefix);
}

function row() {
  const [prefix, way] = [html('th', { scope: 'row', class: 'path' }), html('div', { class: 'soft' })];
  const line = sparkline();
  const figure = () => html('td', { class: 'number' });
  const [rate, requests, errors, p50, p99] = [figure(), figure(), figure(), figure(), figure()];
  const curl = html('code');
  const copy = html('button', { type: 'button' }, 'Copy');
  copy.addEventListener('click', () => copied(curl));
  const root = html('tr', {}, prefix, html('td', { class: 'long' }, way, curl), html('td', {}, line.root));
  root.append(rate, requests, errors, p50, p99, html('td', {}, copy));
  /** @param {RouteStatus} route */
  const update = (route) => {
    const { upstream, credential, methods, perSecond } = route;
    say(prefix, route.prefix);
    say(way, [upstream, credential ?? 'no credential', methods?.join(' ') ?? ''].filter(Boolean).join(' · '));
    line.update(perSecond);
    const lately = perSecond.slice(-RATE_S - 1, -1).reduce((sum, second) => sum + second.requests, 0);
    say(rate, (lately / RATE_S).toFixed(1));
    say(requests, `${route.requests}`);
    say(errors, `${route.errors}`);
    errors.classList.toggle('tone', route.errors > 0);
    errors.dataset['tone'] = 'bad';
    say(p50, inMs(route.p50Ms));
    say(p99, inMs(route.p99Ms));
    say(curl, route.curl);
    copy.setAttribute('aria-label', `Copy the curl line of ${route.prefix}`);
  };
  return { root, update };
}

/** Requests as a line; seconds with errors are marked. The second under way would always be low. */
function sparkline() {
  const all = svg('polyline', { class: 'all' });
  const wrong = svg('path', { class: 'wrong' });
  const root = svg('svg', { class: 'spark', role: 'img', preserveAspectRatio: 'none' }, wrong, all);
  /** @param {RouteStatus['perSecond']} minute */
  const update = (minute) => {
    const seconds = minute.slice(0, -1);
    const most = Math.max(1, ...seconds.map(({ requests }) => requests));
    /** @param {number} count */
    const y = (count) => (HEIGHT - 1 - (count / most) * (HEIGHT - 2)).toFixed(1);
    root.setAttribute('viewBox', `0 0 ${seconds.length - 1} ${HEIGHT}`);
    all.setAttribute('points', seconds.map(({ requests }, x) => `${x},${y(requests)}`).join(' '));
    wrong.setAttribute(
      'd',
      seconds.map(({ errors }, x) => (errors > 0 ? `M${x} ${HEIGHT}V${y(errors)}` : '')).join(''),
    );
    const [requests, errors] = minute.reduce(([a, b], each) => [a + each.requests, b + each.errors], [0, 0]);
    root.setAttribute('aria-label', `${counted(requests, 'request')}, ${counted(errors, 'error')} in the last minute`);
  };
  return { root, update };
}

/**
 * Where the browser lends no clipboard (plain http off this machine), the line is marked for its user to copy.
 * @param {Element} curl
 */
async function copied(curl) {
  try {
    await navigator.clipboard.writeText(curl.textContent ?? '');
    announce('Copied.');
  } catch {
    getSelection()?.selectAllChildren(curl);
    announce('The line is marked: press Ctrl+C to copy it.');
  }
}
