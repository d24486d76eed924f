import { acceptedKeys } from './fault-order.ts';
import type { Imitation } from './imitation.ts';
import type { Provider } from './providers.ts';

/** What the sandbox tells people who open it; `authority` is what they reached it by. */
export function help(imitations: Iterable<Imitation>, authority: string): string {
  const all = [...imitations];
  const keys = Object.entries(acceptedKeys(['camelCase', 'rfc6749']));
  return [
    'The bearerway sandbox: an imitation of four API providers. Nothing here leaves this machine.',
    '',
    'Token endpoints, each as strict as its provider (client id and secret: sandbox and sandbox-secret unless it was started with others):',
    ...all.map(({ name, provider }) => `  POST /${name}${tokenEndpoint(provider)}`),
    '',
    'APIs: every other path below the same prefixes. 401 without a current token, else 200 and the request as JSON:',
    ...all.map(({ name }) => `  ANY /${name}/anything`),
    '',
    'Faults, one or several keys in a JSON body, the answer being the state that is now in force:',
    ...all.map(({ name }) => `  POST /_sandbox/${name}`),
    ...keys.map(([key, accepts]) => `    ${key}: ${accepts}`),
    '  The key answer takes only rfc6749 except at nitro. GET shows the state and changes nothing.',
    '',
    `For example: curl -d '{"tokenStatus": 429, "retryAfter": 30, "times": 1}' http://${authority}/_sandbox/spotnana`,
    '',
  ].join('\n');
}

function tokenEndpoint({ tokenPath, request }: Provider): string {
  const query = new URLSearchParams(request.query).toString();
  const client = request.client === 'basic' ? 'HTTP Basic' : `${request.client.id}, ${request.client.secret}`;
  const fixed = Object.entries(request.fixed).map(([name, value]) => `${name}=${value}`);
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  return `${tokenPath}${query && `?${query}`}  ${[request.mediaType, client, ...fixed, ...headers].join('; ')}`;
}
