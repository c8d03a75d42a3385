/** Gates of a made-up past, recorded by the product's own writers under a clock of the test's own. */
import type { ActorClass } from "../../../proto/actor.ts";
import type { Timings } from "../../../proto/card.ts";
import type { Decision, Reason } from "../../../proto/decision.ts";
import type { Finding, Outcome } from "../../../proto/outcome.ts";
import type { NamedRelease } from "../../../proto/release.ts";
import type { Waiver } from "../../../proto/waiver.ts";
import { recordGate, type RecordedGate } from "../../gate/record.ts";
import type { World } from "../../testing/core.ts";
import { recordInput, SAMPLE_DECISION } from "../../testing/evidence.ts";
import { timestampOf } from "../../verifier/time.ts";

export interface Past {
  /** Names the change: its head is made of it. */
  readonly change: number;
  readonly attempt?: number;
  readonly actor?: ActorClass;
  readonly verdict: Decision["verdict"];
  /** `refuse`, `hold`, or `observe` for a rule that would hold. */
  readonly rules?: Readonly<Record<string, "refuse" | "hold" | "observe">>;
  readonly releases?: readonly NamedRelease[];
  readonly waivers?: readonly Waiver[];
  readonly wall_us?: number;
  readonly cpu_us?: number | null;
  readonly repo_id?: string;
  readonly owner?: { readonly uid: number; readonly tenant: string | null };
}

export const headOf = (change: number): string => change.toString(16).padStart(40, "0");

const reason = (rule: string, how: "refuse" | "hold" | "observe"): Reason => ({ rule, check: null, effect: how === "refuse" ? "refuse" : "hold", observed: how === "observe", because: "so", ranges: [], excerpt: null, fingerprints: [] });

const waived = (waiver: Waiver): Finding => ({ rule: "test.focused", message: "focused", range: null, severity: "warning", fingerprint: "7".repeat(64), baseline: "new", waiver, tags: [], excerpt: null, counterexample: null, fix: null });

export const waiver = (reason_text: string, state: Waiver["state"] = "accepted"): Waiver => ({ kind: "config", state, rule: "test.focused", reason: reason_text, owner: "team", until: "2030-01-01", path: { u: "maestro.yaml" }, line: null, because: state === "accepted" ? null : "its day is over" });

export const release = (kind: NamedRelease["kind"], person: string, at_s: number, log_index: number, counts = true): NamedRelease => ({ kind, person, at: timestampOf(at_s), expires: null, proof: "uid", reason: "looked at it", rules: [], log_index, statement_sha256: log_index.toString(16).padStart(64, "0"), counts });

export function record(world: World, past: Past): Promise<RecordedGate> {
  const { change, attempt = 1, actor = "human", verdict, rules = {}, releases = [], waivers = [], wall_us = 1, cpu_us = 1, repo_id, owner = { uid: 7, tenant: null } } = past;
  const input = recordInput(world.core.evidence.trust_domain, attempt, { head: headOf(change), ...(repo_id === undefined ? {} : { repo_id }) });
  const decision: Decision = { ...SAMPLE_DECISION, verdict, reasons: Object.entries(rules).map(([rule, how]) => reason(rule, how)) };
  const outcomes: Outcome[] = [{ check: "tests", result: waivers.length > 0 ? "fail" : "pass", because: null, observer: "daemon", findings: waivers.map(waived), findings_cut: 0, gaps: [] }];
  const card = { ...input.card, verdict, reasons: decision.reasons, actor: { ...input.card.actor, class: actor }, ...(releases.length === 0 ? {} : { releases: [...releases] }) };
  const timings: Timings = { total_us: wall_us, facts_us: 0, checks_us: 0, policy_us: 0, evidence_us: 0, by_check: [], ...(cpu_us === null ? {} : { usage: { cpu_us, max_rss_bytes: 1 } }) };
  return recordGate(world.core, owner, { ...input, decision, outcomes, card }, () => timings);
}
