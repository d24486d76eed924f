/** The dashboard and the alerts name metrics and labels that there are, and no others. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { failureKinds } from '../../src/errors.ts';
import { root } from './manifests.ts';
import { promised } from './metrics.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly panels: readonly Panel[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const dashboard: Dashboard = JSON.parse(await readFile(join(root, 'deploy/grafana/bearerway.json'), 'utf8'));
const rules: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } = parse(
  await readFile(join(root, 'deploy/prometheus/alerts.yaml'), 'utf8'),
);
const alerts = rules.groups.flatMap((group) => group.rules);

/** Labels that Prometheus puts on everything it scrapes. */
const scraped = ['job', 'instance'];

/** What is wrong with an expression: names that nobody knows, labels that a metric does not have. */
function faults(expression: string): string[] {
  const found: string[] = [];
  const all = new Set(scraped);
  for (const [, name = '', , matchers = ''] of expression.matchAll(
    /\b((?:bearerway|process|nodejs)_\w+)(\{([^}]*)\})?/g,
  )) {
    const labels = promised.get(name);
    if (labels === undefined) found.push(`no metric ${name}`);
    for (const label of labels ?? []) all.add(label);
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"/g))
      if (![...(labels ?? []), ...scraped].includes(label)) found.push(`${name} has no label ${label}`);
  }
  for (const [, list = ''] of expression.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g))
    for (const label of list.split(',').map((each) => each.trim()))
      if (!all.has(label)) found.push(`nothing here has a label ${label}`);
  for (const [open, close] of ['()', '{}', '[]'])
    if (expression.split(open ?? '').length !== expression.split(close ?? '').length)
      found.push(`${open} is not closed`);
  return found;
}

const names = (text: string): string[] =>
  [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, name]) => name ?? '');

describe('the dashboard', () => {
  const drawn = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((each) => [title, each] as const));

  test.each(drawn)('%s: its metrics and labels are there', (_, { expr, legendFormat }) => {
    expect(faults(expr)).toEqual([]);
    const left = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? [...scraped, 'credential'];
    for (const label of names(legendFormat)) expect(left).toContain(label);
  });

  test('its choices come from metrics that are there, and are all in use', () => {
    const { list } = dashboard.templating;
    for (const { definition = '' } of list) {
      expect(faults(definition)).toEqual([]);
      const [, metric, label] = /^label_values\((\w+)(?:\{[^}]*\})?, (\w+)\)$/.exec(definition) ?? [];
      if (definition !== '') expect([...(promised.get(metric ?? '') ?? []), ...scraped]).toContain(label);
    }
    const used = JSON.stringify(dashboard.panels);
    for (const { name } of list) expect(used).toMatch(new RegExp(`\\$\\{?${name}\\b`));
  });

  test('its panels have a place each', () => {
    const places = new Set<string>();
    const ids = new Set(dashboard.panels.map(({ id }) => id));
    expect(ids.size).toBe(dashboard.panels.length);
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(places, title).not.toContain(`${x},${y}`);
          places.add(`${x},${y}`);
        }
    }
  });

  test('every metric of ours is on it, or in an alert', () => {
    const texts = JSON.stringify([dashboard, alerts]);
    const ours = [...promised.keys()].filter((name) => !/_(sum|count)$/.test(name));
    for (const name of ours) expect(texts).toContain(name);
  });
});

describe('the alerts', () => {
  test.each(alerts.map((each) => [each.alert, each] as const))('%s', (_, { expr, labels, annotations }) => {
    expect(faults(expr)).toEqual([]);
    expect(['critical', 'warning']).toContain(labels['severity']);
    expect(Object.keys(annotations)).toEqual(['summary', 'description']);
    for (const label of names(Object.values(annotations).join(' ')))
      expect(expr.includes('by (') ? expr : 'instance').toContain(label);
  });

  test('cover what wakes somebody', () => {
    expect(alerts.map(({ alert }) => alert)).toEqual(
      expect.arrayContaining([
        ...['BearerwayTokenNotRenewed', 'BearerwayProviderRefuses', 'Bearerway401Storm', 'BearerwayErrorRate'],
        ...['BearerwayConfigReloadFailed', 'BearerwayLogDropped'],
      ]),
    );
  });

  test('name codes of errors that there are, and leave out what is a mistake of a client', () => {
    const codes = Object.keys(failureKinds);
    const kinds = Object.entries(failureKinds);
    const ofClients = kinds.filter(([, { source }]) => source === 'client').map(([code]) => code);
    const texts = [
      ...alerts.map(({ expr }) => expr),
      ...dashboard.panels.flatMap((each) => each.targets ?? []).map(({ expr }) => expr),
    ];
    const matchers = texts.flatMap((text) => [
      ...text.matchAll(/(errors_total|token_requests_total)\{[^}]*?(?:code|outcome)(=~|!~|!=|=)"([^"]*)"/g),
    ]);
    expect(matchers.length).toBeGreaterThan(5);
    for (const [, metric, how, list = ''] of matchers) {
      if (how === '!~') expect(list.split('|')).toEqual(ofClients);
      else
        for (const code of list.split('|'))
          expect(metric === 'errors_total' ? codes : ['ok', ...codes]).toContain(code);
    }
  });
});

test('a metric or a label that is misspelt would be found', () => {
  expect(faults('rate(bearerway_request_total[5m])')).toEqual(['no metric bearerway_request_total']);
  expect(faults('bearerway_errors_total{route="/a"}')).toEqual(['bearerway_errors_total has no label route']);
  expect(faults('sum by (route) (bearerway_errors_total)')).toEqual(['nothing here has a label route']);
  expect(faults('sum(bearerway_errors_total')).toEqual(['( is not closed']);
});
