import { getMetricsFromIterator, type PromMetrics } from 'prom2javascript';
import type { RunningProxy } from './proxy.ts';

/** What a gauge or a counter has with a set of labels, or a histogram how many values. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What Prometheus would read, as a parser reads it that refuses what is malformed, and histograms that do not add up. */
export class Scrape {
  readonly metrics: PromMetrics;
  readonly text: string;

  constructor(metrics: PromMetrics, text: string) {
    this.metrics = metrics;
    this.text = text;
  }

  series(name: string): Series[] {
    const data = this.metrics[name]?.data ?? [];
    return data.map((each) => ({
      labels: each.labels,
      value: 'value' in each ? each.value : (each.count ?? Number.NaN),
    }));
  }

  /** Of the series with these labels among its own; undefined if there is not exactly one. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const fits = ({ labels: own }: Series): boolean =>
      Object.entries(labels).every(([label, value]) => own[label] === value);
    const found = this.series(name).filter(fits);
    return found.length === 1 ? found[0]?.value : undefined;
  }

  sum(name: string): number {
    return this.series(name).reduce((sum, { value }) => sum + value, 0);
  }
}

export async function parsed(text: string): Promise<Scrape> {
  return new Scrape(await getMetricsFromIterator(text.split('\n').values()), text);
}

export async function scrape(proxy: RunningProxy): Promise<Scrape> {
  const { text } = await proxy.askAdmin('/metrics', { headers: { host: '10.1.2.3:9090' } });
  return parsed(text);
}
