/** SARIF 2.1.0 as tools write it: results with their level and place. Section numbers are those of the OASIS standard. */
import type { Gap } from "../../proto/facts.ts";
import { ExactNumber, fieldOf, readJson, type JsonTree } from "./reports/json.ts";
import { BrokenReport } from "./reports/reading.ts";
import { treePathOfUri } from "./place.ts";
import type { Level, ToolFinding, ToolReport } from "./tool-finding.ts";

const RESULTS_MAX = 200_000;
const TEXT_CHARACTERS_MAX = 4_000;

const textOf = (value: JsonTree | undefined): string | null => (typeof value === "string" ? value.slice(0, TEXT_CHARACTERS_MAX) : null);

function listOf(value: JsonTree | undefined, what: string): readonly JsonTree[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new BrokenReport(`${what} is no list`);
  return value;
}

function wholeOf(value: JsonTree | undefined): number | null {
  const exact = value instanceof ExactNumber ? value.value : null;
  return exact === null || exact.den !== 1n || exact.num < 1n || exact.num > 1_000_000_000n ? null : Number(exact.num);
}

const at = (value: JsonTree | undefined, ...names: readonly string[]): JsonTree | undefined => names.reduce((found, name) => fieldOf(found, name), value);

interface Rules {
  readonly byPlace: readonly JsonTree[];
  readonly byId: ReadonlyMap<string, JsonTree>;
}

function rulesOf(run: JsonTree): Rules {
  const byPlace = listOf(at(run, "tool", "driver", "rules"), "the list of rules");
  return { byPlace, byId: new Map(byPlace.flatMap((rule) => (typeof fieldOf(rule, "id") === "string" ? [[String(fieldOf(rule, "id")), rule] as const] : []))) };
}

/** 3.27.5 to 3.27.7: by id, by place, or through `rule`, which holds either. */
function ruleOf(result: JsonTree, rules: Rules): { readonly id: string; readonly rule: JsonTree | undefined } {
  const named = textOf(fieldOf(result, "ruleId")) ?? textOf(at(result, "rule", "id"));
  const index = fieldOf(result, "ruleIndex") ?? at(result, "rule", "index");
  const place = index instanceof ExactNumber && /^[0-9]{1,6}$/.test(index.text) ? Number(index.text) : null;
  const rule = place !== null ? rules.byPlace[place] : named === null ? undefined : rules.byId.get(named);
  return { id: named ?? textOf(fieldOf(rule, "id")) ?? "unnamed", rule };
}

/** 3.27.10: the result's own word, else its rule's, else `warning`. A level nobody knows is read as an error. */
function levelOf(result: JsonTree, rule: JsonTree | undefined): Level {
  const said = fieldOf(result, "level") ?? at(rule, "defaultConfiguration", "level") ?? "warning";
  if (said === "none") return "note";
  return said === "warning" || said === "note" ? said : "error";
}

/** 3.11: text, else the rule's template, else what the rule is about. */
function messageOf(result: JsonTree, rule: JsonTree | undefined): string {
  const message = fieldOf(result, "message");
  const id = textOf(fieldOf(message, "id"));
  const said = textOf(fieldOf(message, "text")) ?? textOf(fieldOf(message, "markdown")) ?? (id === null ? null : textOf(at(rule, "messageStrings", id, "text")));
  return said ?? textOf(at(rule, "shortDescription", "text")) ?? "the tool gives no message";
}

function findingOf(result: JsonTree, rules: Rules, cwd: string): ToolFinding {
  const { id, rule } = ruleOf(result, rules);
  const [first] = listOf(fieldOf(result, "locations"), "a result's locations");
  const physical = fieldOf(first, "physicalLocation");
  const region = fieldOf(physical, "region");
  const uri = textOf(at(physical, "artifactLocation", "uri"));
  const line = wholeOf(fieldOf(region, "startLine")) ?? 1;
  return { rule: id, level: levelOf(result, rule), message: messageOf(result, rule), path: uri === null ? null : treePathOfUri(uri, cwd), line, end_line: wholeOf(fieldOf(region, "endLine")) ?? line, excerpt: textOf(at(region, "snippet", "text")) };
}

interface Counted {
  suppressed: number;
}

/** 3.27.9: `fail` is a finding; `open` and `review` ask for a person and are no less than a note; the rest says that nothing is wrong. */
function taken(result: JsonTree, counted: Counted): "finding" | "note" | "none" {
  const kind = fieldOf(result, "kind") ?? "fail";
  if (kind === "pass" || kind === "informational" || kind === "notApplicable") return "none";
  // 3.35.3: what was asked for and not granted is not suppressed.
  const suppressions = listOf(fieldOf(result, "suppressions"), "a result's suppressions");
  if (suppressions.some((one) => (fieldOf(one, "status") ?? "accepted") === "accepted")) {
    counted.suppressed++;
    return "none";
  }
  return kind === "open" || kind === "review" ? "note" : "finding";
}

/** 3.20.21: a tool that says its run did not succeed has not answered. */
function checkInvocations(run: JsonTree): void {
  for (const invocation of listOf(fieldOf(run, "invocations"), "the list of invocations")) {
    if (fieldOf(invocation, "executionSuccessful") !== false) continue;
    const [notice] = listOf(fieldOf(invocation, "toolExecutionNotifications"), "the tool's notifications");
    throw new BrokenReport(`the tool says that its run did not succeed${notice === undefined ? "" : `: ${textOf(at(notice, "message", "text"))?.slice(0, 300) ?? "without a reason"}`}`);
  }
}

/** `cwd` is what relative places are relative to, below the tree. Throws `BrokenReport`. */
export function readSarif(bytes: Uint8Array, cwd: string): ToolReport {
  const root = readJson(bytes);
  if (fieldOf(root, "version") !== "2.1.0") throw new BrokenReport("it is not SARIF 2.1.0");
  const runs = listOf(fieldOf(root, "runs"), "runs");
  if (runs.length === 0) throw new BrokenReport("it holds no run, so no tool looked");
  const findings: ToolFinding[] = [];
  const counted: Counted = { suppressed: 0 };
  for (const run of runs) {
    checkInvocations(run);
    const results = fieldOf(run, "results");
    // 3.14.23: null means that the tool could not begin; absent, that its results lie elsewhere.
    if (!Array.isArray(results)) throw new BrokenReport("a run has no results");
    if (findings.length + results.length > RESULTS_MAX) throw new BrokenReport(`it has more than ${RESULTS_MAX} results`);
    const rules = rulesOf(run);
    for (const result of results) {
      const what = taken(result, counted);
      if (what === "none") continue;
      const finding = findingOf(result, rules, cwd);
      findings.push(what === "note" ? { ...finding, level: "note" } : finding);
    }
  }
  const gaps: Gap[] = counted.suppressed === 0 ? [] : [{ what: `${counted.suppressed} results of the tool`, because: "suppressed by its own configuration or by comments in the code" }];
  return { findings, gaps };
}
