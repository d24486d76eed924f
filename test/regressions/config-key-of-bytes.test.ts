/**
 * Found by the fuzz of configs. A name that is bytes in base64 (YAML's `!!binary`) was taken as its text, which may be
 * a secret in the wrong place, and was told on standard error by the reader of YAML.
 */
import { expect, onTestFinished, test, vi } from 'vitest';
import { faultsOf, leastRoutes } from '../config/reading.ts';

const secret = Buffer.from('canary-secret').toString('base64');

test.each([`!!binary ${secret}: 1`, `? !!binary ${secret}\n: 1`, `x: &a !!binary ${secret}\n*a : 1`])(
  'bytes are no name, and nobody is told what they say: %s',
  (source) => {
    const warned = vi.spyOn(process, 'emitWarning');
    onTestFinished(() => warned.mockRestore());
    expect(faultsOf(`${source}\n${leastRoutes}`)).toContainEqual(
      expect.stringMatching(/^proxy\.yaml:\d:\d+ bytes, a group or a list cannot be a name/),
    );
    expect(warned).not.toHaveBeenCalled();
  },
);
