import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/faults.ts';
import { nearest } from '../config/nearest.ts';
import { version } from '../version.ts';
import { Complaint, Usage } from './complaint.ts';
import type { Process } from './process.ts';

/** Fine; failed while running; wrong usage or wrong config. */
export type ExitCode = 0 | 1 | 2;

/** Parses the words and calls the command. Resolves with the exit code when it is done; failures are told on stderr. */
export async function runProgram(words: readonly string[], process: Process): Promise<number> {
  try {
    const main = program(process);
    checkCommand(main, words[0]);
    await main.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ConfigError) return complain(process, error.message, 2);
    if (error instanceof Complaint) return complain(process, `bearerway: ${error.message}`, 1);
    if (error instanceof Usage) return complain(process, `bearerway: ${error.message}`, 2);
    throw error;
  }
}

function complain(process: Process, message: string, code: ExitCode): ExitCode {
  process.stderr.write(`${message}\n`);
  return code;
}

/** A first word that is no command would be taken for an argument of the default one. */
function checkCommand({ commands }: Command, word: string | undefined): void {
  const known = [...commands.map((command) => command.name()), 'help'];
  if (word !== undefined && word !== '' && !word.startsWith('-') && !known.includes(word))
    throw new Usage(`there is no command "${word}"${nearest(word, known)}; bearerway --help tells what there is`);
}

function program(process: Process): Command {
  const config = () => configOption(process);
  const main = new Command('bearerway')
    .description('Puts OAuth 2 access tokens on requests, so that the apps beside it never hold a credential.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => process.stdout.write(text), writeErr: (text) => process.stderr.write(text) })
    .showHelpAfterError('(bearerway --help lists the commands)');

  // Each command brings its own parts with it: what a proxy does not use takes no memory beside it.
  main
    .command('run', { isDefault: true })
    .description('run the proxy (the default)')
    .addOption(config())
    .option('--sandbox', 'start the sandbox beside it')
    .addOption(
      new Option('--log-level <level>', 'overrides log.level').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'silent',
      ]),
    )
    .addOption(new Option('--log-format <format>', 'overrides log.format').choices(['json', 'pretty']))
    .action(async (options) => (await import('./run.ts')).run(options, process));
  main
    .command('check')
    .description('validate the configuration and tell every fault in it')
    .addOption(config())
    .action(async (options) => (await import('./check.ts')).check(options, process));
  main
    .command('routes')
    .description('show the route table')
    .addOption(config())
    .action(async (options) => (await import('./routes.ts')).routes(options, process));
  addQuestions(main, process);
  main
    .command('sandbox')
    .description('run an imitation of the four providers on loopback')
    .option('--port <port>', 'where to listen; 0: a free port', '9100')
    .option('--lifetime <duration>', 'how long its tokens live, such as 60s (default: as the providers say)')
    .action(async (options) => (await import('./sandbox.ts')).sandbox(options, process));
  main
    .command('schema')
    .description('print the JSON Schema of proxy.yaml')
    .action(async () => (await import('./schema.ts')).schema(process));
  for (const command of main.commands) command.exitOverride().configureOutput(main.configureOutput());
  return main;
}

function configOption({ env }: Process): Option {
  const option = new Option('-c, --config <file>', 'the configuration; or set BEARERWAY_CONFIG');
  return option.default(env['BEARERWAY_CONFIG'] || 'proxy.yaml');
}

/** The commands that ask a proxy which runs. */
function addQuestions(main: Command, process: Process): void {
  main
    .command('status')
    .description('tell how a running proxy is')
    .addOption(configOption(process))
    .option('--json', 'all of it, in JSON')
    .action(async (options) => (await import('./status.ts')).status(options, process));
  main
    .command('refresh')
    .description('have a running proxy get a new token now')
    .argument('<credential>', 'its name in the configuration')
    .addOption(configOption(process))
    .action(async (name, options) => (await import('./refresh.ts')).refresh(name, options, process));
}
