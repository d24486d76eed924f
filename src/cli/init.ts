import { access } from 'node:fs/promises';
import { ConfigError } from '../config/faults.ts';
import { parseConfig } from '../config/load.ts';
import { nearest } from '../config/nearest.ts';
import { providerNames } from '../config/providers.ts';
import { quoted } from '../shell-word.ts';
import { Usage } from './complaint.ts';
import { readConfigOf } from './init/config-text.ts';
import {
  type Choice,
  chosenApis,
  clientAuthFor,
  issuerDetails,
  issuerFor,
  nameFor,
  nameProblem,
  providerDetails,
} from './init/dialogue.ts';
import { findIssuer, takenAuth } from './init/found-issuer.ts';
import { existsAlready, writeNewFile } from './init/new-file.ts';
import { type Details, issuerPlan, type Plan, providerPlan, variablesOf } from './init/plan.ts';
import { Questions } from './init/questions.ts';
import type { ConfidentialAuth } from './issuer.ts';
import type { Process } from './process.ts';

export interface InitWords {
  /** The file that is written. */
  readonly config: string;
  readonly force?: boolean;
  readonly issuer?: string;
  readonly name?: string;
  readonly baseUrl?: string;
  readonly upstream?: string;
  readonly scope?: readonly string[];
  readonly audience?: string;
  readonly clientAuth?: ConfidentialAuth;
}

/** Writes a configuration for providers that are known, or for an API whose tokens come from an issuer. */
export async function init(given: readonly string[], words: InitWords, process: Process): Promise<void> {
  const choices = choicesOf(given, words);
  if (words.force !== true && (await isThere(words.config))) throw existsAlready(words.config);
  const questions = process.stdin.isTTY && process.stderr.isTTY ? new Questions(process) : undefined;
  try {
    const plans = await plansFor(choices, { words, questions, process });
    const text = readConfigOf(plans);
    verify(text, plans, { file: words.config, env: process.env });
    await writeNewFile(words.config, text, words.force === true);
    process.stdout.write(nextSteps(plans, words.config, process.env));
  } finally {
    questions?.close();
  }
}

/** What the words choose. Throws a Usage. */
function choicesOf(given: readonly string[], { issuer, name }: InitWords): Choice[] {
  const named = given.map((word): Choice => {
    const provider = providerNames.find((each) => each === word);
    if (provider === undefined)
      throw new Usage(`there is no provider "${word}"${nearest(word, providerNames)}; --issuer URL is for any other`);
    return provider;
  });
  const problem = name === undefined ? undefined : nameProblem(name);
  if (problem !== undefined) throw new Usage(`--name ${problem}`);
  return [...new Set<Choice>([...named, ...(issuer === undefined ? [] : [undefined])])];
}

interface Means {
  readonly words: InitWords;
  /** Undefined: there is nobody to ask. */
  readonly questions: Questions | undefined;
  readonly process: Process;
}

async function plansFor(given: readonly Choice[], means: Means): Promise<Plan[]> {
  const { words, questions } = means;
  if (given.length === 0 && questions === undefined)
    throw new Usage(`which API? Name a provider (${providerNames.join(', ')}), or give --issuer URL`);
  const choices = given.length === 0 && questions !== undefined ? await chosenApis(questions) : given;
  const { name, baseUrl, upstream, scope, audience, clientAuth } = words;
  const ofOne = { name, 'base-url': baseUrl, upstream, scope, audience, 'client-auth': clientAuth };
  const [flag] = Object.entries(ofOne).find(([, value]) => value !== undefined) ?? [];
  if (choices.length > 1 && flag !== undefined)
    throw new Usage(
      `--${flag} is for one API, and ${choices.length} are chosen (leave it out, and edit what is written)`,
    );
  if (choices[0] !== undefined && clientAuth !== undefined)
    throw new Usage('--client-auth goes with --issuer: a provider has its own');
  if (choices[0] === undefined && baseUrl !== undefined)
    throw new Usage('--base-url is for a provider (with --issuer, --upstream is the API)');
  const details: Details = { baseUrl, upstream, scope: scope?.join(' '), audience };
  const plans: Plan[] = [];
  for (const choice of choices)
    plans.push(choice === undefined ? await issuersPlan(details, means) : await providersPlan(choice, details, means));
  return plans;
}

async function providersPlan(
  provider: Exclude<Choice, undefined>,
  details: Details,
  { words, questions }: Means,
): Promise<Plan> {
  const all = questions === undefined ? details : await providerDetails(provider, details, questions);
  return providerPlan(provider, words.name ?? provider, all);
}

/** What an API is called that nobody has named. */
const USUAL_NAME = 'api';

async function issuersPlan(details: Details, { words, questions, process }: Means): Promise<Plan> {
  const issuer = words.issuer ?? (questions && (await issuerFor(questions))) ?? '';
  const found = await findIssuer(issuer, process);
  const name = words.name ?? (questions && (await nameFor(USUAL_NAME, questions))) ?? USUAL_NAME;
  const wanted = words.clientAuth ?? (questions && (await clientAuthFor(found, questions)));
  const clientAuth = takenAuth(wanted, found.clientAuths);
  const all = questions === undefined ? details : await issuerDetails({ ...found, name }, details, questions);
  const tokenUrl = clientAuth === 'tls' ? await found.mutualTlsTokenUrl() : found.tokenUrl;
  return issuerPlan({ ...found, tokenUrl, clientAuth }, name, all);
}

/** By their keys in the configuration, the words that gave them. */
const flags: Readonly<Record<string, string>> = {
  baseUrl: '--base-url',
  upstream: '--upstream',
  scope: '--scope',
  audience: '--audience',
  prefix: '--name',
  tokenUrl: "the issuer's token_endpoint",
};

/** Throws a Usage if `check` would find a fault once the variables are set. Files that they name may come later. */
function verify(
  text: string,
  plans: readonly Plan[],
  { file, env }: { readonly file: string; readonly env: Process['env'] },
): void {
  const examples = variablesOf(plans).map(({ name, example }) => [name, example]);
  try {
    parseConfig(text, { file, env: { ...env, ...Object.fromEntries(examples) } });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.filter(({ path }) => !/\.(privateKeyFile|tls)(\.\w+)?$/.test(path));
    const told = faults.map(
      ({ path, message }) => `${flags[path.slice(path.lastIndexOf('.') + 1)] ?? path} ${message}`,
    );
    if (told.length > 0) throw new Usage(told.join('\n  '));
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function nextSteps(plans: readonly Plan[], file: string, env: Process['env']): string {
  const self = env['npm_lifecycle_event'] === 'bearerway' ? 'npm run -s bearerway --' : 'bearerway';
  const where = file === 'proxy.yaml' ? '' : ` -c ${quoted(file)}`;
  const variables = variablesOf(plans);
  const widest = Math.max(...variables.map(({ name }) => name.length));
  return [
    `${file} is written: ${plans.map(({ name }) => `credential ${name}, route /${name}`).join('; ')}`,
    '',
    'next:',
    ...variables.map(({ name, what }) => `  export ${`${name}=…`.padEnd(widest + 2)}  # ${what}`),
    `  ${self} check --live${where}`,
    `  ${self} run${where}`,
    '',
  ].join('\n');
}
