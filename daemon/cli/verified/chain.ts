/** `maestro verify --leaf`: from the entry of the log down to one fact, each step with what it hangs on. */
import { createHash } from "node:crypto";
import type { Bundle } from "../../../proto/bundle.ts";
import { decimalText } from "../../../proto/decimal.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import type { VerifiedLeaf } from "../../../proto/verification.ts";
import { rangeTexts } from "../../verifier/range/wording.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { section, type Row } from "./layout.ts";
import type { Verified } from "./screen.ts";

function saidBy({ leaf }: VerifiedLeaf, verification: Verified): string {
  if (leaf.kind === "identity") return `what the tree is about: ${leaf.gate_id}`;
  const { component, kind, name, outcome, observer, value, scale, unit, commitment } = leaf;
  const what = `${component}/${kind}/${name}: ${outcome}, seen by ${observer}`;
  if (commitment !== null) {
    const range = rangeTexts({ ranges: verification.ranges?.filter(({ obligation }) => obligation === name) ?? [] })[0];
    return `${what}; ${range ?? "a commitment without a proof"}`;
  }
  return value === null ? what : `${what}, ${decimalText(value, scale)} ${escapeTerminal(unit ?? "")}`.trimEnd();
}

/** Requires that the bundle verified and shows the leaf. */
export function chain({ attestations: [first] }: Bundle, verification: Verified, found: VerifiedLeaf): string {
  const { statement: { predicate }, signer, log, witnesses } = verification;
  const tlog = first?.verificationMaterial.tlogEntries[0];
  const digest = (base64: string): string => createHash("sha256").update(fromBase64(base64) ?? new Uint8Array()).digest("hex");
  const seen = witnesses === undefined || witnesses.names.length === 0 ? "" : `, cosigned by ${witnesses.names.join(", ")}`;
  const rows: Row[] = [
    { label: "log", text: `entry ${log.index} under the signed head of ${log.size} entries of ${log.origin}${seen}` },
    { label: "entry", text: digest(tlog?.canonicalizedBody ?? "") },
    { label: "statement", text: `${digest(first?.dsseEnvelope.payload ?? "")} signed by ${signer.fingerprint}` },
    { label: "root", text: `${predicate.manifest.root} of ${found.size} leaves` },
    { label: `leaf ${found.index}`, text: `${found.leaf_hash} by an inclusion proof of ${found.proof.length} hashes` },
    { label: "says", text: saidBy(found, verification) },
  ];
  return section("chain", rows).join("\n");
}
