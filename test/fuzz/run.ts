/** `npm run fuzz -- --minutes N [--seed S]`: hostile input at random for that long, then the counts; 1 at the first violation. */
import { parseArgs } from 'node:util';
import { runTests } from '../support/run-tests.ts';

/** Tests that share the time, of which two run at once. */
const TARGETS = 5;
const AT_ONCE = 2;

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes ?? (values.seed === undefined ? 1 : 0));
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!(minutes >= 0) || !Number.isSafeInteger(seed)) {
  console.error('usage: npm run fuzz -- [--minutes N] [--seed WHOLE-NUMBER]');
  process.exit(2);
}
const corpus = process.env['BEARERWAY_CORPUS'] ?? 'none (BEARERWAY_CORPUS names no folder)';
console.log(`seed ${seed}, ${minutes} minutes, corpus: ${corpus}`);
process.exitCode = await runTests(['test/fuzz', `--maxWorkers=${AT_ONCE}`], {
  BEARERWAY_FUZZ_MINUTES: String((minutes * AT_ONCE) / TARGETS),
  BEARERWAY_SEED: String(seed),
});
