/** The edge of a worker: a process that the first one starts, and whose only word from outside is what that says. */
import { runWorker } from './cli/worker.ts';

// A terminal sends its signals to all its processes: what they are to do the first one says.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {});

// A diagnostic report holds the environment, where secrets may stand.
process.report.excludeEnv = true;

process.exit(await runWorker(process));
