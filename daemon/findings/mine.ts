/** Whose a failed test is. Paths of the change are compared here, in a check process. Whatever cannot be told still fails. */
import type { Facts } from "../../proto/facts.ts";
import type { FailedTest, QuarantineEntry, TestClass } from "../../proto/failed-test.ts";
import type { Finding, Outcome } from "../../proto/outcome.ts";
import { saidByJob } from "../../proto/report.ts";
import { pathText } from "../../proto/scalar.ts";
import { classify } from "../checking/classify.ts";
import type { Waiver } from "../../proto/waiver.ts";
import { expiredBecause } from "./expiry.ts";

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** Files that the change touches, and their folders. */
export class Touched {
  private readonly paths: ReadonlySet<string>;
  private readonly folders: ReadonlySet<string>;
  private readonly tree: ReadonlySet<string>;
  /** Whether one of them is a test, by its name. */
  private readonly tests: boolean;

  constructor({ files, tree }: Pick<Facts, "files" | "tree">) {
    const paths = files.flatMap(({ path, old_path }) => (old_path === null ? [path] : [path, old_path])).map(pathText);
    this.paths = new Set(paths);
    this.folders = new Set(paths.map(folderOf));
    this.tree = new Set(tree.map(({ path }) => pathText(path)));
    this.tests = paths.some((path) => classify(path).test);
  }

  /** What of the change is near this test; null where nothing is. The root is everybody's folder and says nothing. */
  near(path: string): string | null {
    if (this.paths.has(path)) return "the change touches its file";
    const folder = folderOf(path);
    return folder !== "" && this.folders.has(folder) ? "the change touches its folder" : null;
  }

  /** Whether a test that stands nobody knows where may be one of those that the change touches. */
  perhaps(path: string | null): boolean {
    return this.tests && (path === null || !this.tree.has(path));
  }
}

const percent = (permille: number): string => (permille / 10).toFixed(1);
const rateText = ({ runs, flakes, low_permille, high_permille }: NonNullable<FailedTest["flaky"]>): string => `known flaky: both answers on ${flakes} trees in ${runs} runs (${percent(low_permille)} to ${percent(high_permille)} %)`;

type Told = readonly [TestClass, because: string];

/** `base` is what the command said of the base's own tree; absent where it gave no whole answer there. */
export function classOf(finding: Finding, test: FailedTest, existing: boolean, base: Outcome | undefined, touched: Touched): Told {
  if (existing) return ["base", "it fails on the base's own tree, too"];
  const path = finding.range === null ? null : pathText(finding.range.path);
  const near = path === null ? null : touched.near(path);
  if (near !== null) return ["yours", near];
  if (test.flaky !== undefined && test.retried === "passed" && touched.perhaps(path)) return ["undecided", "the report does not say in which file of the tree it stands, and the change touches tests"];
  if (test.flaky !== undefined && test.retried === "passed") return ["flaky", `${rateText(test.flaky)}; it failed in run 1 and passed in run 2 of this tree`];
  if (base !== undefined && base.findings.some((one) => one.test?.id === test.id)) return ["undecided", "it fails on the base, too, and says something else there"];
  if (test.retried === "passed") return ["undecided", "it passed when run again, and is not known to be flaky"];
  if (base === undefined) return ["undecided", "the base's own tree gave no answer to compare with"];
  const again = test.retried === "failed" ? "; it failed when run again" : "";
  return ["yours", `the base passes it${again}${test.flaky === undefined ? "" : `; ${rateText(test.flaky)}`}`];
}

/**
 * Of a test that the job alone says failed. `bases`: what commands found on the base's own tree. That the base fails it, and that it is flaky,
 * is said by runs of the daemon's alone; whatever else the job says of it leaves it undecided, and none of it decides anything.
 */
export function classOfSaid(finding: Finding, test: FailedTest, bases: readonly Outcome[], touched: Touched): Told {
  const before = bases.flatMap(({ findings }) => findings.filter((one) => one.test?.id === test.id));
  if (before.some(({ message }) => saidByJob(message) === finding.message)) return ["base", "a command of the daemon's own fails it on the base's own tree, too"];
  const path = finding.range === null ? null : pathText(finding.range.path);
  const near = path === null ? null : touched.near(path);
  if (near !== null) return ["yours", near];
  if (before.length > 0) return ["undecided", "it fails on the base, too, and says something else there"];
  if (test.flaky === undefined) return ["undecided", "the job alone ran it"];
  if (touched.perhaps(path)) return ["undecided", "the report does not say in which file of the tree it stands, and the change touches tests"];
  return ["flaky", `${rateText(test.flaky)}, by the daemon's own runs of the target`];
}

function names(entry: QuarantineEntry, name: string): boolean {
  return entry.test.endsWith("*") ? name.startsWith(entry.test.slice(0, -1)) : entry.test === name;
}

/** The entry that speaks of the test, as the waiver it is: accepted until its last day. */
export function quarantineOf(entries: readonly QuarantineEntry[], finding: Finding, { name }: FailedTest, now_ms: number): Waiver | null {
  const found = entries.filter((entry) => names(entry, name)).map((entry) => ({ entry, because: expiredBecause(entry.until ?? null, now_ms) }));
  const best = found.find(({ because }) => because === null) ?? found[0];
  if (best === undefined) return null;
  const { entry, because } = best;
  return { kind: "config", state: because === null ? "accepted" : "expired", rule: finding.rule, reason: entry.reason, owner: entry.owner, until: entry.until ?? null, path: { u: "maestro.yaml" }, line: null, because };
}
