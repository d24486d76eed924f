import { Agent, request } from 'node:http';
import { onTestFinished } from 'vitest';

/** Clients that ask one thing after the other, some on kept connections and some on new ones, until they are told to stop. */
export function startClients(
  port: number,
  count = 8,
): { readonly answered: (more: number) => Promise<void>; readonly stop: () => Promise<string[]> } {
  const kept = new Agent({ keepAlive: true });
  onTestFinished(() => kept.destroy());
  const outcomes = new Map<string, number>();
  let total = 0;
  let stopped = false;
  let wake = (): void => {};
  const ask = (isKept: boolean): Promise<string> =>
    new Promise((resolve) => {
      const agent = isKept ? kept : false;
      request({ host: '127.0.0.1', port, path: '/api/x', method: 'POST', agent }, (response) => {
        response
          .resume()
          .on('end', () => resolve(String(response.statusCode)))
          .on('error', ({ message }) => resolve(message));
      })
        .on('error', ({ message }) => resolve(message))
        .end('a body');
    });
  const clients = Array.from({ length: count }, async (_, i) => {
    while (!stopped) {
      const outcome = await ask(i % 2 === 0);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      total += 1;
      wake();
    }
  });
  return {
    async answered(more) {
      const until = total + more;
      while (total < until) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    /** The kinds of outcome that there were. */
    async stop() {
      stopped = true;
      await Promise.all(clients);
      return [...outcomes.keys()];
    },
  };
}
