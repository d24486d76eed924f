/** What is asked of the person at the terminal: which APIs, and what of each is not known yet. Never a secret. */
import { type Need, type Provider, type ProviderName, providerNames, providers } from '../../config/providers.ts';
import { baseAddress, upstreamAddress } from '../../config/urls.ts';
import { variableName } from '../base-urls.ts';
import type { ConfidentialAuth } from '../issuer.ts';
import { issuerProblem } from './found-issuer.ts';
import type { Details, FoundIssuer } from './plan.ts';
import type { Questions } from './questions.ts';

/** A provider, or by undefined another API, whose issuer is asked for. */
export type Choice = ProviderName | undefined;

const ANOTHER = String(providerNames.length + 1);

export async function chosenApis(questions: Questions): Promise<Choice[]> {
  const list = providerNames.map((name, index) => `  ${index + 1}  ${name} (${providers[name].title})\n`);
  const answer = await questions.ask({
    choice: `Which APIs?\n${list.join('')}  ${ANOTHER}  another, by the issuer of its tokens\n`,
    text: 'Numbers or names, with commas between',
    problem: (given) =>
      choicesIn(given).every(({ known }) => known) ? undefined : 'is not one of the numbers and names above',
  });
  return [...new Set(choicesIn(answer).map(({ choice }) => choice))];
}

function choicesIn(answer: string): { readonly known: boolean; readonly choice: Choice }[] {
  return answer.split(',').map((part) => {
    const word = part.trim().toLowerCase();
    const choice = providerNames.find((name, index) => word === name || word === String(index + 1));
    return { known: choice !== undefined || word === ANOTHER || word === 'another', choice };
  });
}

/** What of a provider's details was not given yet. An empty answer leaves it to the environment. */
export async function providerDetails(name: ProviderName, given: Details, questions: Questions): Promise<Details> {
  const { title, api, baseUrl, baseForm, needs }: Provider = providers[name];
  const form = baseForm === undefined ? '' : ` (such as ${baseForm})`;
  const fromVariable = (suffix: string): string => `from the environment: ${variableName(`${name}_${suffix}`)}`;
  const needed = async (key: 'scope' | 'audience', need: Need | undefined): Promise<string | undefined> =>
    given[key] ??
    (need &&
      (await asked(questions, {
        text: `${key}: ${need.what} (such as ${need.example})`,
        otherwise: fromVariable(key),
        problem: (answer) => (need.form?.test(answer) === false ? `is not ${need.what}` : undefined),
      })));
  return {
    baseUrl:
      given.baseUrl ??
      (baseUrl === undefined
        ? await asked(questions, {
            text: `Base URL of ${title}${form}`,
            otherwise: fromVariable('URL'),
            problem: problemBy(baseAddress),
          })
        : undefined),
    upstream: given.upstream ?? (api === 'elsewhere' ? await apiOf(name, questions) : undefined),
    scope: await needed('scope', needs?.scope),
    audience: await needed('audience', needs?.audience),
  };
}

export async function issuerFor(questions: Questions): Promise<string> {
  return await questions.ask({ text: 'Issuer (such as https://id.example.com)', problem: issuerProblem });
}

export async function nameFor(usual: string, questions: Questions): Promise<string> {
  const answer = await questions.ask({ text: 'Name of the credential', otherwise: usual, problem: nameProblem });
  return answer || usual;
}

/** A name that will do for a credential, a prefix and a variable. */
export function nameProblem(name: string): string | undefined {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(name) ? undefined : 'is not a name of letters, digits, - and _ (such as crm)';
}

export async function clientAuthFor(
  { clientAuths }: Pick<FoundIssuer, 'clientAuths'>,
  questions: Questions,
): Promise<ConfidentialAuth | undefined> {
  const [usual, ...others] = clientAuths;
  if (others.length === 0) return usual;
  const answer = await questions.ask({
    text: `Client authentication (${clientAuths.join(', ')})`,
    otherwise: String(usual),
    problem: (given) => (clientAuths.some((each) => each === given) ? undefined : 'is none of these'),
  });
  return clientAuths.find((each) => each === answer) ?? usual;
}

/** What of another API's details was not given yet. */
export async function issuerDetails(
  { name, scopes }: Pick<FoundIssuer, 'scopes'> & { readonly name: string },
  given: Details,
  questions: Questions,
): Promise<Details> {
  const hint = scopes.length === 0 ? '' : ` (the issuer names ${scopes.slice(0, 10).join(' ')})`;
  return {
    upstream: given.upstream ?? (await apiOf(name, questions)),
    scope: given.scope ?? (await asked(questions, { text: `Scopes, with spaces between${hint}`, otherwise: 'none' })),
    audience: given.audience ?? (await asked(questions, { text: 'Audience', otherwise: 'none' })),
  };
}

async function apiOf(name: string, questions: Questions): Promise<string | undefined> {
  return await asked(questions, {
    text: 'Base URL of the API (such as https://api.example.com/v1)',
    otherwise: `from the environment: ${variableName(`${name}_API_URL`)}`,
    problem: problemBy(upstreamAddress),
  });
}

async function asked(questions: Questions, question: Parameters<Questions['ask']>[0]): Promise<string | undefined> {
  return (await questions.ask(question)) || undefined;
}

function problemBy(schema: typeof baseAddress | typeof upstreamAddress) {
  return (answer: string): string | undefined => schema.safeParse(answer).error?.issues[0]?.message;
}
