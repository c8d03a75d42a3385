/** JUnit XML, as Surefire began it and everybody writes it: counted test by test, never taken from the totals in its attributes. */
import { rational } from "../../../proto/decimal.ts";
import { broken, BrokenReport, type Report } from "./reading.ts";
import { readXml, type Element } from "./xml.ts";

export interface TestProblem {
  readonly kind: "failure" | "error";
  readonly suite: string;
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly message: string;
  /** First part of the text below it: a stack, a difference. */
  readonly detail: string;
}

export interface TestRun {
  readonly total: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
  readonly passed: number;
  /** Those listed; what is beyond is counted above. */
  readonly problems: readonly TestProblem[];
}

const PROBLEMS_MAX = 5_000;
const DETAIL_CHARACTERS_MAX = 2_000;
const NAME_CHARACTERS_MAX = 500;
const CONTAINERS: ReadonlySet<string> = new Set(["testsuites", "testsuite"]);

const short = (text: string | undefined, characters_max = NAME_CHARACTERS_MAX): string => (text ?? "").slice(0, characters_max).toWellFormed();

function attribute({ attributes }: Element, name: string): string | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}

interface OpenCase {
  readonly element: Element;
  readonly depth: number;
  readonly suite: string;
  problem: TestProblem | null;
  skipped: boolean;
}

interface OpenSuite {
  readonly name: string;
  readonly depth: number;
  /** What it says of itself: never more trusted than what is listed, and a contradiction when it is more. */
  readonly stated_bad: number;
  /** Problems listed before it began. */
  readonly before: number;
}

/** Suite, name and file, as they are shown and told apart. */
function namesOf({ element, suite }: OpenCase): [suite: string, name: string, file: string | null] {
  const file = attribute(element, "file");
  return [short(attribute(element, "classname") ?? suite), short(attribute(element, "name")), file === undefined ? null : short(file)];
}

/** Hears of each test that ran and did not fail. */
export type Passed = (suite: string, name: string, file: string | null) => void;

class Visitor {
  constructor(private readonly passed: Passed) {}

  total = 0;
  failures = 0;
  errors = 0;
  skipped = 0;
  readonly problems: TestProblem[] = [];
  /** Of no single test: a suite that could not be set up. Among `failures` and `errors`, not among `total`. */
  of_suites = 0;
  /** Elements that say something went wrong; one test may have several. */
  private marks = 0;
  private readonly suites: OpenSuite[] = [];
  private test: OpenCase | null = null;
  private collecting: { text: string; readonly depth: number } | null = null;

  open(element: Element, depth: number): void {
    const { name } = element;
    if (depth === 1 && !CONTAINERS.has(name)) throw new BrokenReport("it is no JUnit report: its root is neither testsuites nor testsuite");
    if (CONTAINERS.has(name)) return this.suite(element, depth);
    if (name === "testcase") return this.testcase(element, depth);
    const bad = name === "failure" || name === "error";
    if (this.test === null) return bad && depth - 1 === this.suites.at(-1)?.depth ? this.suiteProblem(name, element) : undefined;
    if (depth !== this.test.depth + 1) return;
    if (name === "skipped") this.test.skipped = true;
    if (bad) this.problem(name, element, depth);
  }

  text(text: string): void {
    if (this.collecting === null || this.collecting.text.length >= DETAIL_CHARACTERS_MAX) return;
    this.collecting.text += text.slice(0, DETAIL_CHARACTERS_MAX);
  }

  close(name: string, depth: number): void {
    if (CONTAINERS.has(name)) this.endSuite(this.suites.pop());
    if (this.collecting?.depth === depth && this.test?.problem != null) {
      this.test.problem = { ...this.test.problem, detail: short(this.collecting.text.trim(), DETAIL_CHARACTERS_MAX) };
      this.collecting = null;
    }
    if (this.test?.depth === depth) this.end(this.test);
  }

  private suite(element: Element, depth: number): void {
    if (this.test !== null) throw new BrokenReport("a suite stands inside a test");
    const stated_bad = this.stated(element, "failures") + this.stated(element, "errors");
    this.suites.push({ name: short(attribute(element, "name")), depth, stated_bad, before: this.marks });
  }

  private endSuite(suite: OpenSuite | undefined): void {
    const listed = suite === undefined ? 0 : this.marks - suite.before;
    if (suite !== undefined && suite.stated_bad > listed) throw new BrokenReport(`it says ${suite.stated_bad} tests failed and lists ${listed}`);
  }

  private suiteProblem(kind: TestProblem["kind"], element: Element): void {
    const suite = this.suites.at(-1)?.name ?? "";
    const message = short(attribute(element, "message") ?? attribute(element, "type"), DETAIL_CHARACTERS_MAX);
    this.of_suites++;
    this.count({ kind, suite, name: "outside of any test", file: null, line: null, message, detail: "" });
    this.marks++;
  }

  private count(problem: TestProblem): void {
    if (problem.kind === "failure") this.failures++;
    else this.errors++;
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
  }

  private stated(element: Element, name: string): number {
    const text = attribute(element, name);
    if (text === undefined || text === "") return 0;
    if (!/^[0-9]{1,9}$/.test(text)) throw new BrokenReport(`its ${name} is no count`);
    return Number(text);
  }

  private testcase(element: Element, depth: number): void {
    if (this.test !== null) throw new BrokenReport("a test stands inside another");
    this.total++;
    this.test = { element, depth, suite: this.suites.at(-1)?.name ?? "", problem: null, skipped: false };
  }

  private problem(kind: "failure" | "error", element: Element, depth: number): void {
    const { test } = this;
    this.marks++;
    if (test === null || test.problem !== null) return;
    const line = attribute(test.element, "line");
    const message = short(attribute(element, "message") ?? attribute(element, "type"), DETAIL_CHARACTERS_MAX);
    const [suite, name, named] = namesOf(test);
    test.problem = { kind, suite, name, file: named, line: line !== undefined && /^[1-9][0-9]{0,8}$/.test(line) ? Number(line) : null, message, detail: "" };
    this.collecting = { text: "", depth };
  }

  private end(test: OpenCase): void {
    const { problem } = test;
    this.test = null;
    this.collecting = null;
    if (problem === null) {
      if (test.skipped) this.skipped++;
      else this.passed(...namesOf(test));
      return;
    }
    // A test that failed and is marked as skipped failed.
    this.count(problem);
  }
}

/** Throws `BrokenReport`; a report without a single test is one, because nobody can tell it from a run that never began. */
export function readJunit(bytes: Uint8Array, passed: Passed = () => undefined): TestRun {
  const visitor = new Visitor(passed);
  readXml(bytes, visitor);
  const { total, failures, errors, skipped, of_suites, problems } = visitor;
  if (total + of_suites === 0) throw new BrokenReport("it holds no test");
  return { total, failures, errors, skipped, passed: total - (failures + errors - of_suites) - skipped, problems };
}

/** `failed` counts whatever did not succeed: failures and errors both. */
export function openJunit(bytes: Uint8Array): Report {
  const { total, failures, errors, skipped, passed } = readJunit(bytes);
  const counts: Readonly<Record<string, number>> = { total, failed: failures + errors, errors, skipped, passed };
  return (what) => (Object.hasOwn(counts, what) ? { value: rational(counts[what]!) } : broken(`JUnit has no ${what}`));
}
