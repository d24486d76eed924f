/** What a histogram holds, as plain data: those of several processes can be added up. */
export interface HistogramCounts {
  /** Upper bounds of the buckets, ascending; one more bucket is behind the last. */
  readonly bounds: readonly number[];
  /** How many values fell into each bucket, not cumulated. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts values by size. To add one costs nothing but the counting. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  read(): HistogramCounts {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
