/** The process edge: arguments, environment and signals in; an exit code out. */
import { runProgram } from './cli/program.ts';

// Node would open its inspector, and with it the memory that holds the secrets, to every local process.
process.on('SIGUSR1', () => {});

// Not process.exitCode: a log line that nobody reads would keep the process from ending.
process.exit(await runProgram(process.argv.slice(2), process));
