/** The list that dashboards and alerts are held against is what the product says. */
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { promised } from './metrics.ts';

/** From each name to the labels of its samples (Prometheus' text format). */
function metricsIn(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = ''] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === '') continue;
    const names = [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label = '']) => label);
    found.set(name, new Set([...(found.get(name) ?? []), ...names]));
  }
  return found;
}

test('every metric is there, with these labels', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider));
  api.rejectOnce();
  await proxy.call('/api/x');
  await proxy.call('/nowhere');
  await proxy.served(2);
  const { text } = await proxy.askAdmin('/metrics');
  expect(text).toContain('bearerway_token_requests_total{credential="main",outcome="ok"} 2');
  const metrics = metricsIn(text);
  for (const [name, labels] of promised)
    expect([...(metrics.get(name) ?? ['nothing'])].toSorted(), name).toEqual([...labels].toSorted());
});
