/** Coverage as lcov writes it (geninfo(1), "FILES"). Counted from the single entries; a file's own totals can only make it worse. */
import { fromUtf8 } from "../../../proto/encoding.ts";
import { rational } from "../../../proto/decimal.ts";
import { broken, BrokenReport, type Report } from "./reading.ts";

type Metric = "line" | "branch" | "function";

interface Totals {
  found: number;
  hit: number;
}

/** What one source file has; the same file may come in several records, one per test. */
interface FileCoverage {
  readonly hits: Readonly<Record<Metric, Map<string, boolean>>>;
  readonly stated: Record<Metric, Totals>;
}

const COUNT = /^[0-9]{1,15}$/;
const FOUND: Readonly<Record<string, Metric>> = { LF: "line", BRF: "branch", FNF: "function" };
const HIT: Readonly<Record<string, Metric>> = { LH: "line", BRH: "branch", FNH: "function" };
const METRICS: readonly Metric[] = ["line", "branch", "function"];
/** Numbers that lcov sums up are below this, so plain numbers hold them. */
const ENTRIES_MAX = 4_000_000;

const emptyFile = (): FileCoverage => ({
  hits: { line: new Map(), branch: new Map(), function: new Map() },
  stated: { line: { found: 0, hit: 0 }, branch: { found: 0, hit: 0 }, function: { found: 0, hit: 0 } },
});

function count(text: string | undefined, where: number): number {
  if (text === undefined || !COUNT.test(text)) throw new BrokenReport(`line ${where} has no count where one belongs`);
  return Number(text);
}

class Reader {
  readonly files = new Map<string, FileCoverage>();
  private current: FileCoverage | null = null;
  private entries = 0;
  private line = 0;

  take(text: string): void {
    this.line++;
    if (text === "" || text.startsWith("#")) return;
    if (text === "end_of_record") {
      this.inside();
      this.current = null;
      return;
    }
    const colon = text.indexOf(":");
    if (colon < 0) throw new BrokenReport(`line ${this.line} is not lcov`);
    this.entry(text.slice(0, colon), text.slice(colon + 1));
  }

  end(): void {
    if (this.current !== null) throw new BrokenReport("it ends inside a record");
    if (this.files.size === 0) throw new BrokenReport("it holds no source file");
  }

  private inside(): FileCoverage {
    if (this.current === null) throw new BrokenReport(`line ${this.line} belongs to no source file`);
    return this.current;
  }

  private entry(name: string, value: string): void {
    if (name === "SF") {
      if (this.current !== null) throw new BrokenReport(`line ${this.line} begins a record inside another`);
      const file = this.files.get(value) ?? emptyFile();
      this.files.set(value, file);
      this.current = file;
      return;
    }
    // A test's name stands before the file; everything else that we do not count is skipped.
    if (name === "TN") return;
    const file = this.inside();
    if (name === "DA") this.hit(file, "line", value.split(","), 0, 1);
    else if (name === "FNDA") this.hit(file, "function", [value.slice(value.indexOf(",") + 1), value.slice(0, value.indexOf(","))], 0, 1);
    else if (name === "BRDA") this.branch(file, value.split(","));
    else if (Object.hasOwn(FOUND, name)) this.state(file.stated[FOUND[name]!], "found", value);
    else if (Object.hasOwn(HIT, name)) this.state(file.stated[HIT[name]!], "hit", value);
  }

  /** Of several records of one file the largest counts: each is about all of it. */
  private state(totals: Totals, side: keyof Totals, value: string): void {
    totals[side] = Math.max(totals[side], count(value, this.line));
  }

  private hit(file: FileCoverage, metric: Metric, parts: readonly string[], key: number, times: number): void {
    const taken = count(parts[times], this.line) > 0;
    this.set(file, metric, parts[key] ?? "", taken);
  }

  /** `BRDA:<line>,<block>,<branch>,<taken>`; `-` where the line was never reached. The branch may be an expression with commas. */
  private branch(file: FileCoverage, parts: readonly string[]): void {
    if (parts.length < 4) throw new BrokenReport(`line ${this.line} is no branch`);
    const taken = parts.at(-1);
    this.set(file, "branch", parts.slice(0, -1).join(","), taken !== "-" && count(taken, this.line) > 0);
  }

  private set(file: FileCoverage, metric: Metric, key: string, taken: boolean): void {
    if (key === "") throw new BrokenReport(`line ${this.line} names nothing`);
    if (++this.entries > ENTRIES_MAX) throw new BrokenReport(`it has more than ${ENTRIES_MAX} entries`);
    file.hits[metric].set(key, taken || file.hits[metric].get(key) === true);
  }
}

/** Entries where there are any, out of as many as the file says there are: what it counts and does not list was not covered. */
function totalOf(files: Iterable<readonly [string, FileCoverage]>, metric: Metric): Totals {
  const total: Totals = { found: 0, hit: 0 };
  for (const [path, { hits, stated }] of files) {
    const listed = hits[metric];
    const own = listed.size > 0 ? { found: Math.max(listed.size, stated[metric].found), hit: [...listed.values()].filter(Boolean).length } : stated[metric];
    if (own.hit > own.found) throw new BrokenReport(`${path.slice(0, 200)} has ${own.hit} of ${own.found} ${metric}s covered`);
    total.found += own.found;
    total.hit += own.hit;
  }
  return total;
}

function isMetric(what: string): what is Metric {
  return (METRICS as readonly string[]).includes(what);
}

/** Throws `BrokenReport`. A metric of which nothing was found has no percentage: coverage of nothing is not known, and not whole either. */
export function openLcov(bytes: Uint8Array): Report {
  const text = fromUtf8(bytes);
  if (text === null) throw new BrokenReport("it is not UTF-8");
  const reader = new Reader();
  let at = 0;
  while (at < text.length) {
    const feed = text.indexOf("\n", at);
    const end = feed < 0 ? text.length : feed;
    reader.take(text.slice(at, end).trimEnd());
    at = end + 1;
  }
  reader.end();
  const totals = new Map(METRICS.map((metric) => [metric, totalOf(reader.files, metric)]));
  return (what) => {
    const total = isMetric(what) ? totals.get(what) : undefined;
    if (total === undefined) return broken(`lcov has no ${what}`);
    return total.found === 0 ? broken(`it lists no ${what}`) : { value: rational(100n * BigInt(total.hit), total.found) };
  };
}
