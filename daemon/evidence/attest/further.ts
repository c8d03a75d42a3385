/** What is said of a gate beside its obligations, in predicates that other people's tools read. All of it follows from what is signed or shown there already. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { SigstoreBundle, Statement } from "../../../proto/attestation.ts";
import { fromBase64, toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Leaf, Manifest } from "../../../proto/manifest.ts";
import type { Outcome } from "../../../proto/outcome.ts";
import { EVALUATION_PREDICATE, SVR_PREDICATE, TEST_RESULT_PREDICATE, VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import type { EvaluationStatement } from "../../../proto/predicates/evaluation.ts";
import type { SvrStatement } from "../../../proto/predicates/svr.ts";
import type { TestResultStatement } from "../../../proto/predicates/test-result.ts";
import type { VsaStatement } from "../../../proto/predicates/vsa.ts";
import { inPlace } from "../../verifier/attestations.ts";
import { evaluationOf, routersOf } from "../../verifier/further/evaluation.ts";
import { svrOf } from "../../verifier/further/svr.ts";
import { BUILT_IN, testResultOf, type TestNames } from "../../verifier/further/test-result.ts";
import { vsaOf } from "../../verifier/further/vsa.ts";
import { entriesOf, permits } from "../../verifier/trust.ts";
import type { Keys } from "../keys/index.ts";
import type { LogReceipt } from "../log/index.ts";
import { signStatement, sigstoreBundle, type SignedEnvelope } from "./index.ts";

/** Failures that the gate accepts: the base has them, they come and go, or somebody answers for them. */
const ACCEPTED: readonly (string | undefined)[] = ["base", "flaky", "quarantined"];

interface Beside {
  readonly predicate_type: string;
  readonly of: string | null;
  readonly statement: EvaluationStatement | SvrStatement | VsaStatement | TestResultStatement;
}

export interface Judged {
  readonly statement: Statement;
  readonly signed: SignedEnvelope;
  readonly manifest: Manifest;
  readonly outcomes: readonly Outcome[];
}

function testNames({ findings }: Outcome): TestNames {
  const failed: string[] = [];
  const warned: string[] = [];
  for (const { test } of findings) if (test !== undefined) (ACCEPTED.includes(test.class) ? warned : failed).push(test.name);
  return { failed, warned };
}

function shownIn({ leaves }: Manifest): ReadonlyMap<number, Leaf> {
  return new Map(leaves.flatMap((slot, i): [number, Leaf][] => ("leaf" in slot ? [[i, slot.leaf]] : [])));
}

function statementsOf({ statement, signed, manifest, outcomes }: Judged): Beside[] {
  const payload = fromBase64(signed.envelope.payload) ?? new Uint8Array();
  const about = { statement, manifest: { shown: shownIn(manifest) } };
  const outside = outcomes.filter(({ check }) => check.includes("."));
  const results = [
    { of: BUILT_IN, made: testResultOf(about, BUILT_IN, { failed: [], warned: [] }) },
    ...outside.map((outcome) => ({ of: outcome.check, made: testResultOf(about, outcome.check, testNames(outcome)) })),
  ];
  const [svr, vsa] = [svrOf(statement), vsaOf(statement, toHex(sha256(payload)))];
  const evaluations = routersOf(about.manifest).map((of) => ({ of, made: evaluationOf(about, of) }));
  return [
    ...evaluations.flatMap(({ of, made }) => (made === null ? [] : [{ predicate_type: EVALUATION_PREDICATE, of, statement: made }])),
    ...(svr === null ? [] : [{ predicate_type: SVR_PREDICATE, of: null, statement: svr }]),
    ...(vsa === null ? [] : [{ predicate_type: VSA_PREDICATE, of: null, statement: vsa }]),
    ...results.flatMap(({ of, made }) => (made === null ? [] : [{ predicate_type: TEST_RESULT_PREDICATE, of, statement: made }])),
  ];
}

/** Signed, in the order they stand in a bundle; none that the node's own trust file would refuse. */
export function signBeside(judged: Judged, { gate, trust }: Pick<Keys, "trust" | "gate">, issued_at_s: number): SignedEnvelope[] {
  const { mode, identity } = judged.statement.predicate;
  const lines = entriesOf(trust, gate.key.fingerprint);
  const may = ({ predicate_type }: Beside): boolean => permits(lines, { role: "gate", predicate_type, repo_id: identity.repo_id, mode, issued_at_s }).ok;
  return inPlace(statementsOf(judged).filter(may)).map(({ statement }) => signStatement(statement, gate));
}

/** With their receipts, of one batch of the log. */
export function logged(signed: readonly SignedEnvelope[], receipts: readonly LogReceipt[]): SigstoreBundle[] {
  return signed.map((one, i) => {
    const receipt = receipts[i];
    if (receipt === undefined) throw new MaestroError("internal.bug", "log: no receipt for an entry");
    return sigstoreBundle(one, receipt);
  });
}
