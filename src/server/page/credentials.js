/** @import { CredentialStatus } from '../../app/credential-status.ts' */
import { refresh } from './connection.js';
import { announce, byId, html, List, say, svg } from './elements.js';
import { clockTime, counted, span } from './words.js';

/** @type {Readonly<Record<CredentialStatus['state'], readonly [tone: string, words: string]>>} */
const states = {
  fresh: ['good', 'fresh'],
  stale: ['good', 'in use, soon to be renewed'],
  refused: ['busy', 'refused by an API'],
  none: ['busy', 'no token yet'],
  expired: ['busy', 'expired'],
  failing: ['bad', 'failing'],
  resting: ['off', 'resting: nobody asks for it'],
};

/** @type {List<CredentialStatus>} */
const list = new List(byId('credentials'), card);

/** @param {readonly CredentialStatus[]} credentials */
export function showCredentials(credentials) {
  list.show(credentials, ({ name }) => name);
}

/** @param {CredentialStatus} credential */
function card({ name }) {
  const turn = ring();
  const state = html('p', { class: 'tone' });
  const facts = html('dl');
  const failure = html('p', { class: 'failure' });
  const title = html('div', {}, html('h3', {}, name), state);
  const root = html('li', {}, turn.root, title, refreshButton(name), facts, failure);
  /** @param {CredentialStatus} credential */
  const update = (credential) => {
    const { renewing, failure: failed } = credential;
    const [tone, words] = states[credential.state];
    root.dataset['tone'] = renewing ? 'busy' : failed !== null && tone === 'good' ? 'busy' : tone;
    root.dataset['renewing'] = `${renewing}`;
    say(state, renewing ? `${words}, refreshing …` : words);
    turn.update(credential);
    showFacts(facts, credential);
    const again = failed === null || renewing ? '' : `; again in ${span(failed.retryInS)}`;
    say(failure, failed === null ? '' : `${failed.code}: ${failed.detail}${again}`);
  };
  return { root, update };
}

/**
 * @param {Element} list
 * @param {CredentialStatus} credential
 */
function showFacts(list, { type, provider, required, lifetimeS, ageS, lastRefreshAt, refreshes, failures }) {
  const kind = [provider ?? type, required ? '' : 'not required'].filter(Boolean).join(', ');
  const [left, last] = [leftS({ lifetimeS, ageS }), lastRefreshAt === null ? 'none yet' : clockTime(lastRefreshAt)];
  const facts = [
    ['Kind', kind],
    [
      'Time left',
      left === undefined
        ? '–'
        : left === Number.POSITIVE_INFINITY
          ? 'no end'
          : `${span(left)} of ${span(lifetimeS ?? 0)}`,
    ],
    ['Last refresh', ageS === null ? last : `${last}, ${span(ageS)} ago`],
    ['Refreshes', `${refreshes}, ${counted(failures, 'failure')}`],
  ];
  if (list.children.length === 0) list.append(...facts.flatMap(([name = '']) => [html('dt', {}, name), html('dd')]));
  for (const [index, [, value = '']] of facts.entries())
    say(/** @type {Element} */ (list.children[2 * index + 1]), value);
}

/**
 * Undefined without a token; endless for one that does not expire.
 * @param {Pick<CredentialStatus, 'lifetimeS' | 'ageS'>} credential
 */
function leftS({ lifetimeS, ageS }) {
  if (ageS === null) return undefined;
  return lifetimeS === null ? Number.POSITIVE_INFINITY : Math.max(0, lifetimeS - ageS);
}

/** The part of a lifetime that is left. */
function ring() {
  const circle = { cx: '20', cy: '20', r: '17', pathLength: '100', transform: 'rotate(-90 20 20)' };
  const part = svg('circle', { ...circle, class: 'left' });
  const text = svg('text', { x: '20', y: '23' });
  const root = svg('svg', { class: 'ring', viewBox: '0 0 40 40', role: 'img' }, svg('circle', circle), part, text);
  /** @param {CredentialStatus} credential */
  const update = (credential) => {
    const left = leftS(credential);
    const whole = credential.lifetimeS ?? Number.POSITIVE_INFINITY;
    const percent = left === undefined ? 0 : whole === Number.POSITIVE_INFINITY ? 100 : (100 * left) / whole;
    part.setAttribute('stroke-dasharray', credential.renewing ? '25 75' : `${percent.toFixed(1)} 100`);
    const told = left === undefined ? 'none' : left === Number.POSITIVE_INFINITY ? 'no end' : span(left);
    say(text, told.split(' ').slice(0, 2).join(' '));
    root.setAttribute('aria-label', left === undefined ? 'no token' : `time left: ${told}`);
  };
  return { root, update };
}

/** @param {string} name */
function refreshButton(name) {
  // It keeps the focus while it waits, which a disabled one would lose.
  const button = html('button', { type: 'button', 'aria-label': `Refresh ${name}` }, 'Refresh');
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    announce(await refresh(name));
    button.removeAttribute('aria-disabled');
  });
  return button;
}
