/** The status page: what the proxy tells is shown as it comes. */

/** @import { Status, WholeStatus } from '../../app/status.ts' */
import { connect, wholeStatus } from './connection.js';
import { showCredentials } from './credentials.js';
import { byId, say } from './elements.js';
import { showHeadline, showLost } from './headline.js';
import { addRequest, addSkipped, showRequests } from './requests.js';
import { showRoutes } from './routes.js';
import { clockTime, counted } from './words.js';

/** The last change of the configuration that is shown; undefined while none is. @type {string | undefined} */
let change;

connect({
  opened: () => readAll(({ requests }) => showRequests(requests)),
  lost: showLost,
  status(status) {
    showHeadline(status);
    showRoutes(status.routes);
    showCredentials(status.credentials);
    showReload(status);
    if (change !== undefined && change !== changeOf(status)) readAll(() => {});
  },
  request: addRequest,
  skipped: addSkipped,
});

/**
 * Reads what events leave out. Where that fails the connection does, too, and is told of.
 * @param {(status: WholeStatus) => void} show
 */
function readAll(show) {
  wholeStatus().then(
    (status) => {
      show(status);
      change = changeOf(status);
      say(byId('config'), JSON.stringify(status.config, null, 2));
    },
    () => {},
  );
}

/** @param {Status} status */
function changeOf({ reload }) {
  return `${reload?.at} ${reload?.failures}`;
}

/** @param {Status} status */
function showReload({ reload }) {
  if (reload === null) return say(byId('reload'), 'As it was at the start.');
  const { at, error, failures } = reload;
  const last = error === null ? 'was taken over' : `could not be taken over, and the one before holds:\n${error}`;
  const before = failures > 0 ? `${counted(failures, 'change')} could not be taken over since the start. ` : '';
  say(byId('reload'), `${before}The last change, at ${clockTime(at)}, ${last}`);
}
