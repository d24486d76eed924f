import { nearest } from '../config/nearest.ts';
import { type AskingWords, adminPlace } from './admin-place.ts';
import { askProxy, askStatus, problemIn, toldIn } from './admin-port.ts';
import { Complaint, Usage } from './complaint.ts';
import type { Process } from './process.ts';
import { toldRefresh, toldStatus } from './told-status.ts';

/** Longer than token requests take, with the default timeout and an hour of room for others. */
const PATIENCE_MS = 3_600_000;

/** Has a running proxy get a new token now. */
export async function refresh(credential: string, words: AskingWords, process: Process): Promise<void> {
  const place = await adminPlace(words, process);
  // Somebody else may make something else of it: of a main port, an API.
  const { credentials } = toldIn(await askStatus(place), toldStatus);
  const names = credentials.map(({ name }) => name);
  if (!names.includes(credential))
    throw new Usage(`the running proxy has no credential of that name${nearest(credential, names)}`);
  const path = `/api/credentials/${encodeURIComponent(credential)}/refresh`;
  const answer = await askProxy(place, { method: 'POST', path, patienceMs: PATIENCE_MS });
  if (answer.status !== 200) throw new Complaint(`no token could be had for ${credential}: ${problemIn(answer)}`);
  const { lifetimeS } = toldIn(answer, toldRefresh);
  process.stdout.write(
    `${credential}: a new token${lifetimeS === null ? '' : `, good for ${Math.round(lifetimeS)} s`}\n`,
  );
}
