/** `npm run security`: every hostile case, whole families, the long fuzz; then the counts, and slowhttptest where it is installed. */
import { runTests } from '../support/run-tests.ts';
import { isInstalled, slow } from './slow.ts';

const folders = ['test/http1', 'test/security', 'test/fuzz', 'test/regressions'];
const code = await runTests([...folders, '--testTimeout=600000', '--maxWorkers=2'], {
  BEARERWAY_WHOLE: 'yes',
  BEARERWAY_FUZZ: '300000',
  BEARERWAY_ABORTS: '10000',
  BEARERWAY_STATES: '5000',
  BEARERWAY_FUZZ_MINUTES: '1',
});
if (process.env['BEARERWAY_CORPUS'] === undefined)
  console.log('BEARERWAY_CORPUS names no folder: the corpus was NOT run');
const slowCode = isInstalled() ? await slow() : 0;
if (!isInstalled()) console.log('slowhttptest is not installed: slow clients by the thousand were NOT tried');
process.exitCode = Math.max(code, slowCode);
