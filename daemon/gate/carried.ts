/** Answers that come along with a change, as another node's evidence of this very gate: which of them count, and why the others do not. */
import { sha256 } from "@noble/hashes/sha2.js";
import { gateId, type Identity } from "../../proto/change.ts";
import { commandCheck } from "../../proto/command.ts";
import type { GateConfig } from "../../proto/config.ts";
import type { Bundle } from "../../proto/bundle.ts";
import { toHex } from "../../proto/encoding.ts";
import type { ObligationLeaf } from "../../proto/manifest.ts";
import type { Outcome } from "../../proto/outcome.ts";
import { VERSION } from "../../proto/version.ts";
import { verifyWithTrust } from "../verifier/bundle.ts";
import type { Trust } from "../verifier/trust.ts";

export interface Carried {
  /** By the command's name: these are not run. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** What became of the evidence, for the card. */
  readonly said: readonly string[];
}

/** What of a gate's configuration says what may be carried. */
type Rules = Pick<GateConfig, "mode" | "carried" | "commands" | "obligations">;

const NOTHING: Carried = { outcomes: new Map(), said: [] };

export const carriedDigest = (bytes: Uint8Array): string => toHex(sha256(bytes));

/** Why this leaf's answer is not taken, or `null`. Only a plain pass that the other node itself saw is one: what it says in findings stays with it. */
function refused(name: string, leaf: ObligationLeaf | undefined, { obligations }: Rules): string | null {
  if (leaf === undefined) return "its evidence does not show it";
  if (leaf.observer !== "daemon" && leaf.observer !== "sandbox") return `that node did not see it either: it is the word of ${leaf.observer}`;
  if (leaf.outcome !== "pass" || leaf.value !== "0" || leaf.coverage_gap !== null) return `it is ${leaf.outcome} with ${leaf.value ?? "no"} findings${leaf.coverage_gap === null ? "" : " and with gaps"}, which has to be looked at`;
  if (leaf.tool !== `maestro/${VERSION}`) return `it was asked by ${leaf.tool}, and this is maestro/${VERSION}`;
  if (Object.values(obligations).some(({ from }) => from.command === name)) return "obligations are measured from its report, which does not come along";
  return null;
}

/** Why a bundle as a whole says nothing of this gate, or its leaves. */
function opened(bytes: Uint8Array, identity: Identity, { mode }: Rules, trust: Trust, now_s: number): { readonly leaves: readonly ObligationLeaf[]; readonly signer: string; readonly index: number } | string {
  if (trust.self_made && mode !== "local") return "this node's trust file is self-made, which vouches for nobody else";
  const verified = verifyWithTrust(bytes, trust, { now: new Date(now_s * 1000) });
  if (verified.result !== "verified" || verified.statement === null || verified.signer === null || verified.log === null) return verified.reasons.map(({ code, detail }) => `${code}: ${detail}`).join("; ");
  const { predicate } = verified.statement;
  if (predicate.gate_id !== gateId(identity)) return "it is of another gate: another head, base, tree, policy, configuration or trust domain";
  if (verified.lapsed) return `it ended at ${predicate.attempt.valid_until}`;
  const { manifest } = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
  return { leaves: manifest.leaves.flatMap((slot) => ("leaf" in slot && slot.leaf.kind === "check" ? [slot.leaf] : [])), signer: verified.signer.fingerprint, index: verified.log.index };
}

/** Nothing of it is believed before the trust file vouches for it; whatever does not count is run. */
export function carriedAnswers(bytes: Uint8Array, identity: Identity, config: Rules, trust: Trust, now_s: number): Carried {
  const digest = carriedDigest(bytes);
  const no = (because: string): Carried => ({ ...NOTHING, said: [`carried evidence ${digest.slice(0, 12)} counts for nothing here, everything was run: ${because}`.slice(0, 1000)] });
  const allowed = config.carried ?? [];
  if (allowed.length === 0) return no("neither host nor base lets any check be carried");
  const found = opened(bytes, identity, config, trust, now_s);
  if (typeof found === "string") return no(found);
  const outcomes = new Map<string, Outcome>();
  const said: string[] = [];
  for (const name of Object.keys(config.commands)) {
    const check = commandCheck(name);
    if (!allowed.includes(check)) continue;
    const because = refused(name, found.leaves.find((leaf) => leaf.name === check), config);
    if (because !== null) {
      said.push(`${check} was run: carried evidence ${digest.slice(0, 12)} does not answer for it, ${because}`.slice(0, 1000));
      continue;
    }
    const source = `evidence ${digest}, log entry ${found.index}, signed by ${found.signer}`;
    outcomes.set(name, { check, result: "pass", because: null, observer: "external", findings: [], findings_cut: 0, gaps: [{ what: "carried", because: `not run here; its answer is that of ${source}` }] });
    said.push(`${check} was carried, not run here: ${source}`);
  }
  return { outcomes, said };
}
