/** The process edge: arguments, environment and signals in; an exit code out. */
import { Output } from './cli/output.ts';
import { runProgram } from './cli/program.ts';
import { systemClock } from './clock.ts';

// Node would open its inspector, and with it the memory that holds the secrets, to every local process.
process.on('SIGUSR1', () => {});

// A diagnostic report holds the environment, where secrets may stand.
process.report.excludeEnv = true;

const outputs = [process.stdout, process.stderr].map((stream) => new Output(stream, systemClock));
const code = await runProgram(process.argv.slice(2), process);
await Promise.all(outputs.map((output) => output.taken()));
// Not process.exitCode: output that nobody reads would keep the process from ending.
process.exit(code);
