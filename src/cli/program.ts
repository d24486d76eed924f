import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/faults.ts';
import { nearest } from '../config/nearest.ts';
import { version } from '../version.ts';
import { Complaint, Usage } from './complaint.ts';
import { paintOn } from './paint.ts';
import type { Process } from './process.ts';

/** Fine; failed while running; wrong usage or wrong config. */
export type ExitCode = 0 | 1 | 2;

/** Parses the words and calls the command. Resolves with the exit code when it is done; failures are told on stderr. */
export async function runProgram(words: readonly string[], process: Process): Promise<number> {
  try {
    let code = 0;
    const main = program(process, (ended) => {
      code = ended;
    });
    checkCommand(main, words[0]);
    await main.parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const paint = paintOn(process.stderr, process.env);
    const complain = (text: string): void => void process.stderr.write(`${text}\n`);
    if (error instanceof ConfigError) {
      // file:line:column, then what is wrong there.
      complain(error.message.replaceAll(/^.*?:\d+:\d+/gm, (place) => paint('bold', place)));
      return 2;
    }
    if (error instanceof Complaint || error instanceof Usage) {
      complain(`${paint('red', 'bearerway:')} ${error.message}`);
      return error instanceof Usage ? 2 : 1;
    }
    throw error;
  }
}

/** A first word that is no command would be taken for an argument of the default one. */
function checkCommand({ commands }: Command, word: string | undefined): void {
  const known = [...commands.map((command) => command.name()), 'help'];
  if (word !== undefined && word !== '' && !word.startsWith('-') && !known.includes(word))
    throw new Usage(`there is no command "${word}"${nearest(word, known)}; bearerway --help tells what there is`);
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** `ended` hears how a command ended that has a code of its own. */
function program(process: Process, ended: (code: number) => void): Command {
  const config = () =>
    new Option('-c, --config <file>', 'the configuration; or set BEARERWAY_CONFIG').default(
      process.env['BEARERWAY_CONFIG'] || 'proxy.yaml',
    );
  const main = new Command('bearerway')
    .description('Puts OAuth 2 access tokens on requests, so that the apps beside it never hold a credential.')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => process.stdout.write(text), writeErr: (text) => process.stderr.write(text) })
    .showHelpAfterError('(bearerway --help lists the commands)');

  // Each command brings its own parts with it: what a proxy does not use takes no memory beside it.
  main
    .command('run', { isDefault: true })
    .description('run the proxy (the default)')
    .addOption(config())
    .option('--sandbox', 'start the sandbox beside it')
    .addOption(new Option('--log-level <level>', 'overrides log.level').choices(levels))
    .addOption(new Option('--log-format <format>', 'overrides log.format').choices(['json', 'pretty']))
    .action(async (options) => (await import('./run.ts')).run(options, process));
  main
    .command('check')
    .description('validate the configuration and tell every fault in it')
    .addOption(config())
    .option('--live', 'get a token with each credential, too, and explain what fails')
    .action(async (options) => (await import('./check.ts')).check(options, process));
  main
    .command('token')
    .description('print a current access token, for use with curl')
    .argument('<credential>', 'its name in the configuration')
    .addOption(config())
    .option('--header', 'the whole header line: curl -H "$(bearerway token NAME --header)" …')
    .action(async (name, options) => (await import('./token.ts')).token(name, options, process));
  main
    .command('exec')
    .description('run a command beside a proxy of its own: HTTP_PROXY, and for each route PREFIX_BASE_URL')
    .usage('[options] -- <command...>')
    .argument('<command...>', 'the program and its arguments')
    .addOption(config())
    .addOption(new Option('--log-level <level>', 'what is logged, on standard error').choices(levels).default('warn'))
    .passThroughOptions()
    .action(async (command, options) => ended(await (await import('./exec.ts')).exec(command, options, process)));
  main
    .command('routes')
    .description('show the route table')
    .addOption(config())
    .action(async (options) => (await import('./routes.ts')).routes(options, process));
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
