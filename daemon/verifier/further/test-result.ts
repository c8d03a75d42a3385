/** What ran over the change and what came of it, for consumers of in-toto's test-result predicate. */
import { STATEMENT_TYPE } from "../../../proto/attestation.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import { toHex } from "../../../proto/encoding.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { attemptUri, recordResource, TEST_RESULT_PREDICATE } from "../../../proto/predicates/derived.ts";
import { TEST_NAME_CHARS_MAX, TEST_NAMES_MAX, TestResultStatement } from "../../../proto/predicates/test-result.ts";
import { CARD_LEAF, compareCoordinates, hashLeaf, leafBytes, type Coordinates } from "../leaves.ts";
import { pass, stop, type Step } from "../step.ts";
import { kind, type About, type Said } from "./kind.ts";

/** What the checks of the daemon itself are called together; a single check of an outside tool is called by its own name. */
export const BUILT_IN = "checks";

type Result = TestResultStatement["predicate"]["result"];

/** Names of tests as a report gives them. */
export interface TestNames {
  readonly failed: readonly string[];
  /** Failed, and accepted: known at the base, flaky, or in quarantine. */
  readonly warned: readonly string[];
}

const isOutside = ({ component, name }: Coordinates): boolean => component === "checks" && name.includes(".");
const isBuiltIn = ({ component, name }: Coordinates): boolean => component === "checks" && !name.includes(".");

type Shown = Pick<About["manifest"], "shown">;

/** Leaves of one test-result, of those that are shown. Checks that were not asked for an answer say nothing. */
function leavesOf({ shown }: Shown, of: string): ObligationLeaf[] {
  const leaves: ObligationLeaf[] = [];
  for (const leaf of shown.values()) {
    if (leaf.kind === "identity" || leaf.outcome === "not_applicable") continue;
    if (of === BUILT_IN ? isBuiltIn(leaf) : isOutside(leaf) && leaf.name === of) leaves.push(leaf);
  }
  return leaves;
}

/** `null` where a check is unavailable or none was asked: that is no result. */
function resultOf(leaves: readonly ObligationLeaf[], warned: number): Result | null {
  if (leaves.length === 0) return null;
  if (leaves.some(({ outcome }) => outcome === "fail")) return "FAILED";
  if (leaves.some(({ outcome }) => outcome !== "pass")) return null;
  return warned > 0 ? "WARNED" : "PASSED";
}

function cutNames(names: readonly string[], room: number): string[] {
  const plain = names.map((name) => name.slice(0, TEST_NAME_CHARS_MAX).toWellFormed()).filter((name) => name !== "");
  return [...new Set(plain)].sort().slice(0, Math.max(0, room));
}

/** Names of the built-in checks are in their leaves; those of an outside tool's tests are the report's. */
function listsOf(of: string, leaves: readonly ObligationLeaf[], { failed, warned }: TestNames): { passed: string[]; warned: string[]; failed: string[]; cut: number } {
  const named = (outcome: string) => leaves.filter((leaf) => leaf.outcome === outcome).map(({ name }) => name);
  if (of === BUILT_IN) return { passed: named("pass"), warned: [], failed: named("fail"), cut: 0 };
  const kept = cutNames(failed, TEST_NAMES_MAX);
  const accepted = cutNames(warned, TEST_NAMES_MAX - kept.length);
  return { passed: [], warned: accepted, failed: kept, cut: failed.length + warned.length - kept.length - accepted.length };
}

/** The test-result of one outside check, or of the built-in ones together; `null` where there is none to be had. */
export function testResultOf({ statement, manifest }: { readonly statement: About["statement"]; readonly manifest: Shown }, of: string, names: TestNames): TestResultStatement | null {
  const leaves = leavesOf(manifest, of);
  const result = resultOf(leaves, names.warned.length);
  if (result === null) return null;
  const { gate_id, identity, attempt } = statement.predicate;
  const { passed, warned, failed, cut } = listsOf(of, leaves, names);
  const observer = [...new Set(leaves.map((leaf) => leaf.observer))].sort().join(" ");
  return {
    _type: STATEMENT_TYPE,
    subject: statement.subject,
    predicateType: TEST_RESULT_PREDICATE,
    predicate: {
      result,
      configuration: [{ name: of, ...recordResource(identity.config), annotations: { leaves: leaves.map((leaf) => toHex(hashLeaf(leafBytes(leaf)))), observer, names_cut: cut } }],
      url: attemptUri(gate_id, attempt),
      passedTests: passed,
      warnedTests: warned,
      failedTests: failed,
    },
  };
}

/** Everything but the names of an outside tool's tests follows from the leaves it names. */
function check(statement: TestResultStatement, about: About): Step<Said> {
  const { result, configuration: [{ name, annotations }], failedTests, warnedTests } = statement.predicate;
  const derived = testResultOf(about, name, { failed: failedTests, warned: warnedTests });
  const cut = name === BUILT_IN ? 0 : annotations.names_cut;
  if (derived !== null) derived.predicate.configuration[0].annotations.names_cut = cut;
  if (derived === null || canonicalText(derived) !== canonicalText(statement)) return stop("attestation.mismatch", `the test result of ${name.slice(0, 100)} is not what its leaves say`);
  return pass({ of: name, says: result });
}

export const TEST_RESULT = kind(TEST_RESULT_PREDICATE, TestResultStatement, check, ({ predicate: { configuration: [{ name }] } }, leaf) => {
  if (compareCoordinates(leaf, CARD_LEAF) === 0) return true;
  return name === BUILT_IN ? isBuiltIn(leaf) : leaf.component === "checks" && leaf.name === name;
});
