/** The process edge: arguments, environment and signals in; an exit code out. */
import { runProgram } from './cli/program.ts';

process.exitCode = await runProgram(process.argv.slice(2), process);
