import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/faults.ts';
import { nearest } from '../config/nearest.ts';
import { version } from '../version.ts';
import { Complaint, Usage } from './complaint.ts';
import { paintOn } from './paint.ts';
import type { Process } from './process.ts';

const clientAuths = ['basic', 'post', 'private_key_jwt', 'client_secret_jwt', 'tls'];
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/**
 * Parses the words and calls the command. Resolves with the exit code when it is done: 0 fine, 1 failed while running,
 * 2 wrong usage or wrong config, or a command's own. Failures are told on stderr.
 */
export async function runProgram(words: readonly string[], process: Process): Promise<number> {
  try {
    let code = 0;
    const ended = (its: number): void => {
      code = its;
    };
    const main = program({ process, ended });
    checkCommand(main, words[0]);
    await main.parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const code = told(error, process);
    if (code !== undefined) return code;
    throw error;
  }
}

/** Tells what went wrong, and gives the exit code; undefined: it is a fault of ours. */
function told(error: unknown, { stderr, env }: Process): number | undefined {
  const paint = paintOn(stderr, env);
  if (error instanceof ConfigError) {
    // file:line:column, then what is wrong there.
    stderr.write(`${error.message.replaceAll(/^.*?:\d+:\d+/gm, (place) => paint('bold', place))}\n`);
    return 2;
  }
  if (!(error instanceof Complaint || error instanceof Usage)) return undefined;
  stderr.write(`${paint('red', 'bearerway:')} ${error.message}\n`);
  return error instanceof Usage ? 2 : 1;
}

/** A first word that is no command would be taken for an argument of the default one. */
function checkCommand({ commands }: Command, word: string | undefined): void {
  const known = [...commands.map((command) => command.name()), 'help'];
  if (word !== undefined && word !== '' && !word.startsWith('-') && !known.includes(word))
    throw new Usage(`there is no command "${word}"${nearest(word, known)}; bearerway --help tells what there is`);
}

/** What commands are made with. */
interface Means {
  readonly process: Process;
  /** Hears how a command ended that has a code of its own. */
  readonly ended: (code: number) => void;
}

function program({ process, ended }: Means): Command {
  const main = new Command('bearerway')
    .description('Puts OAuth 2 access tokens on requests, so that the apps beside it never hold a credential.')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => process.stdout.write(text), writeErr: (text) => process.stderr.write(text) })
    .showHelpAfterError('(bearerway --help lists the commands)');
  addRun(main, process);
  addConfigCommands(main, process);
  addTokenCommands(main, { process, ended });
  addQuestions(main, process);
  addSandboxAndSchema(main, process);
  for (const command of main.commands) command.exitOverride().configureOutput(main.configureOutput());
  return main;
}

function configOption({ env }: Process): Option {
  return new Option('-c, --config <file>', 'the configuration; or set BEARERWAY_CONFIG').default(
    env['BEARERWAY_CONFIG'] || 'proxy.yaml',
  );
}

// Each command brings its own parts with it: what a proxy does not use takes no memory beside it.

function addRun(main: Command, process: Process): void {
  main
    .command('run', { isDefault: true })
    .description('run the proxy (the default)')
    .addOption(configOption(process))
    .option('--sandbox', 'start the sandbox beside it')
    .addOption(new Option('--log-level <level>', 'overrides log.level').choices(levels))
    .addOption(new Option('--log-format <format>', 'overrides log.format').choices(['json', 'pretty']))
    .action(async (options) => (await import('./run.ts')).run(options, process));
}

/** What makes a configuration, and what looks into one. */
function addConfigCommands(main: Command, process: Process): void {
  main
    .command('init')
    .description('write a configuration: asks on a terminal, takes options elsewhere')
    .argument('[provider...]', 'providers that are known, such as nitro or auth0')
    .addOption(configOption(process))
    .option('--force', 'write over a file that is there')
    .option('--issuer <url>', 'for any other API: who issues its tokens')
    .option('--name <name>', 'of the credential, and the prefix of its route')
    .option('--base-url <url>', 'of the provider, where each customer has its own')
    .option('--upstream <url>', 'the API, where it is elsewhere')
    .option('--scope <scope...>', 'to ask for')
    .option('--audience <audience>', 'to ask for')
    .addOption(new Option('--client-auth <way>', 'with --issuer: one that it takes').choices(clientAuths))
    .action(async (providers, options) => (await import('./init.ts')).init(providers, options, process));
  main
    .command('check')
    .description('validate the configuration and tell every fault in it')
    .addOption(configOption(process))
    .option('--live', 'get a token with each credential, too, and explain what fails')
    .action(async (options) => (await import('./check.ts')).check(options, process));
  main
    .command('routes')
    .description('show the route table')
    .addOption(configOption(process))
    .action(async (options) => (await import('./routes.ts')).routes(options, process));
}

/** What uses tokens without a proxy that runs. */
function addTokenCommands(main: Command, { process, ended }: Means): void {
  main
    .command('token')
    .description('print a current access token, for use with curl')
    .argument('<credential>', 'its name in the configuration')
    .addOption(configOption(process))
    .option('--header', 'the whole header line: curl -H "$(bearerway token NAME --header)" …')
    .action(async (name, options) => (await import('./token.ts')).token(name, options, process));
  main
    .command('exec')
    .description('run a command beside a proxy of its own: HTTP_PROXY, and for each route PREFIX_BASE_URL')
    .usage('[options] -- <command...>')
    .argument('<command...>', 'the program and its arguments')
    .addOption(configOption(process))
    .addOption(new Option('--log-level <level>', 'what is logged, on standard error').choices(levels).default('warn'))
    .passThroughOptions()
    .action(async (command, options) => ended(await (await import('./exec.ts')).exec(command, options, process)));
}

function addSandboxAndSchema(main: Command, process: Process): void {
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
}

/** The commands that ask a proxy which runs. */
function addQuestions(main: Command, process: Process): void {
  const admin = [
    '--admin <address>',
    'its admin port, such as 127.0.0.1:9090: asks there, and reads no configuration',
  ] as const;
  main
    .command('status')
    .description('tell how a running proxy is')
    .addOption(configOption(process))
    .option(...admin)
    .option('--json', 'all of it, in JSON')
    .action(async (options) => (await import('./status.ts')).status(options, process));
  main
    .command('refresh')
    .description('have a running proxy get a new token now')
    .argument('<credential>', 'its name in the configuration')
    .addOption(configOption(process))
    .option(...admin)
    .action(async (name, options) => (await import('./refresh.ts')).refresh(name, options, process));
}
