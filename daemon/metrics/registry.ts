/** Counters, gauges and histograms in memory, and the Prometheus text format 0.0.4 that shows them. No timer, no default metrics: what is not asked for costs nothing. */

/** Label sets of one metric; more are counted under `OVERFLOW`, so that no client can fill the memory. */
const SERIES_MAX = 256;
const OVERFLOW = "other";

export type Labels = Readonly<Record<string, string>>;

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Sample lines, newest values. */
  samples(): readonly string[];
}

const escapeValue = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}

/** One value per label set. */
class Series<T> {
  private readonly held = new Map<string, { readonly labels: Labels; value: T }>();

  constructor(private readonly fresh: () => T) {}

  at(labels: Labels): { readonly labels: Labels; value: T } {
    const key = labelText(labels);
    const found = this.held.get(key);
    if (found !== undefined) return found;
    if (this.held.size >= SERIES_MAX && !Object.values(labels).every((value) => value === OVERFLOW)) {
      return this.at(Object.fromEntries(Object.keys(labels).map((name) => [name, OVERFLOW])));
    }
    const made = { labels, value: this.fresh() };
    this.held.set(key, made);
    return made;
  }

  all(): readonly { readonly labels: Labels; readonly value: T }[] {
    return [...this.held.values()];
  }
}

/** Goes up only; by convention its name ends in `_total`. */
export class Counter implements Metric {
  readonly type = "counter";
  private readonly series = new Series(() => 0);

  /** A counter without labels is shown from the start, so that the first event is a rise from 0. */
  constructor(
    readonly name: string,
    readonly help: string,
    from_start: readonly Labels[] = [],
  ) {
    for (const labels of from_start) this.series.at(labels);
  }

  add(labels: Labels = {}, by = 1): void {
    this.series.at(labels).value += by;
  }

  samples(): string[] {
    return this.series.all().map(({ labels, value }) => `${this.name}${labelText(labels)} ${numberText(value)}`);
  }
}

/** Read when somebody looks. */
export class Gauge implements Metric {
  constructor(
    readonly name: string,
    readonly help: string,
    private readonly read: () => readonly (readonly [labels: Labels, value: number])[],
    /** A counter that somebody else keeps is read the same way. */
    readonly type: "gauge" | "counter" = "gauge",
  ) {}

  samples(): string[] {
    return this.read().map(([labels, value]) => `${this.name}${labelText(labels)} ${numberText(value)}`);
  }
}

interface Buckets {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Durations in seconds, in cumulative buckets. */
export class Histogram implements Metric {
  readonly type = "histogram";
  private readonly series: Series<Buckets>;

  /** Requires ascending `bounds`; the last bucket, +Inf, is added. */
  constructor(
    readonly name: string,
    readonly help: string,
    private readonly bounds: readonly number[],
  ) {
    this.series = new Series(() => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
  }

  observe(seconds: number, labels: Labels = {}): void {
    const { value } = this.series.at(labels);
    const at = this.bounds.findIndex((bound) => seconds <= bound);
    if (at >= 0) value.counts[at] = (value.counts[at] ?? 0) + 1;
    value.sum += seconds;
    value.count += 1;
  }

  samples(): string[] {
    return this.series.all().flatMap(({ labels, value }) => {
      let below = 0;
      const buckets = this.bounds.map((bound, i) => `${this.name}_bucket${labelText({ ...labels, le: numberText(bound) })} ${(below += value.counts[i] ?? 0)}`);
      return [...buckets, `${this.name}_bucket${labelText({ ...labels, le: "+Inf" })} ${value.count}`, `${this.name}_sum${labelText(labels)} ${numberText(value.sum)}`, `${this.name}_count${labelText(labels)} ${value.count}`];
    });
  }
}

/** All metrics as one document. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics
    .map((metric) => ({ metric, samples: metric.samples() }))
    .filter(({ samples }) => samples.length > 0)
    .map(({ metric: { name, help, type }, samples }) => `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples.join("\n")}\n`)
    .join("");
}
