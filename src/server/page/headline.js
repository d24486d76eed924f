/** @import { Status } from '../../app/status.ts' */
import { byId, html, say } from './elements.js';
import { span } from './words.js';

/** @param {Status} status */
function problemsOf({ reasons, notes, credentials, reload }) {
  const failures = credentials
    .filter(({ name, failure }) => failure !== null && !reasons.some((each) => each.startsWith(`credential ${name}: `)))
    .map(({ name, failure }) => `credential ${name}: ${failure?.code}: ${failure?.detail}`);
  const changes = reload === null || reload.ok ? [] : ['the last change of the configuration could not be taken over'];
  return [...reasons, ...notes, ...failures, ...changes];
}

/**
 * Whether all is well, in a word.
 * @param {Status} status
 */
export function showHeadline(status) {
  const { ready, version, uptimeS, listen, inFlight } = status;
  const problems = problemsOf(status);
  document.body.dataset['lost'] = 'false';
  if (!ready) tell('bad', 'Not ready', problems);
  else if (problems.length > 0) tell('busy', 'Ready, but not all is well', problems);
  else tell('good', 'All is well', []);
  say(byId('facts'), [`version ${version}`, `up ${span(uptimeS)}`, ...listen, `${inFlight} under way`].join(' · '));
}

export function showLost() {
  document.body.dataset['lost'] = 'true';
  tell('off', 'No word from the proxy', [
    'What is shown is old. It does not run, cannot be reached, or has 16 such pages open already; it is asked again each second.',
    'If it has another client token by now, load this page again.',
  ]);
}

/**
 * @param {string} tone
 * @param {string} verdict
 * @param {string[]} problems
 */
function tell(tone, verdict, problems) {
  byId('headline').dataset['tone'] = tone;
  say(byId('verdict'), verdict);
  const list = byId('problems');
  if (list.textContent !== problems.join('')) list.replaceChildren(...problems.map((each) => html('li', {}, each)));
  document.title = `${verdict} · Bearerway`;
}
