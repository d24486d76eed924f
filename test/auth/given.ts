import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Api, startApi } from '../support/api.ts';
import { MovedClock } from '../support/clock.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';

/** A file that is changed as careful people do it: all at once. Gone when the test ends. */
export class ChangedFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async write(content: string): Promise<void> {
    await writeFile(`${this.path}.new`, content);
    await rename(`${this.path}.new`, this.path);
  }

  remove(): Promise<void> {
    return rm(this.path);
  }
}

export async function changedFile(content?: string): Promise<ChangedFile> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-given-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = new ChangedFile(join(folder, 'given'));
  if (content !== undefined) await file.write(content);
  return file;
}

export interface GivenStage {
  readonly api: Api;
  readonly clock: MovedClock;
  readonly proxy: RunningProxy;
  /** The values of that field in the requests that the API saw. */
  seen(field?: string): (string | string[] | undefined)[];
  /** Time passes until a file is looked at again; resolves when that look is over. */
  lookAgain(): Promise<void>;
}

/** A whole proxy with one credential, on a clock that is moved, before an API that takes anything. */
export async function setGivenStage(main: Readonly<Record<string, unknown>>): Promise<GivenStage> {
  const [api, clock] = [await startApi(), new MovedClock()];
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const proxy = await startProxy({ credentials: { main }, routes }, { clock });
  return {
    api,
    clock,
    proxy,
    seen: (field = 'authorization') => api.requests.map(({ headers }) => headers[field]),
    async lookAgain() {
      // Its next look is planned when this one is over.
      const looked = clock.timerSet(5000);
      clock.advance(5000);
      await looked;
    },
  };
}
