/** Has the node sign a gate's statement once more with a certificate of minutes, and keeps what comes back beside the evidence, only where it stands up. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Bundle } from "../../../proto/bundle.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { EXIT, MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { ForeignBundle } from "../../../proto/foreign-bundle.ts";
import type { KeylessSigned } from "../../../proto/keyless.ts";
import type { SigstoreVerdict } from "../../../proto/sigstore.ts";
import { readForeign } from "../../verifier/schema.ts";
import { SIGSTORE_BYTES_MAX } from "../../verifier/sigstore.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { readNamed } from "../bounded-file.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { judge } from "../sigstore/judge.ts";
import { TRUSTED_ROOT_LIMITS } from "../sigstore/trusted-root.ts";
import { describeVerdict } from "../sigstore/words.ts";
import { outPlace } from "../new-place.ts";
import { writeFile } from "../write-file.ts";

const DEPTH_MAX = 24;

/** The statement of the evidence the node made itself. */
function statementOf(evidence: string): { readonly payload: string; readonly sha256: string | null } {
  // Of the daemon that signs; whoever wants it proved asks `maestro verify`.
  const { attestations } = JSON.parse(Buffer.from(evidence, "base64").toString("utf8")) as Bundle;
  const payload = attestations[0]?.dsseEnvelope.payload ?? "";
  const { subject } = JSON.parse(Buffer.from(payload, "base64").toString("utf8")) as { subject: { digest: Record<string, string> }[] };
  return { payload, sha256: subject.find(({ digest }) => digest["sha256"] !== undefined)?.digest["sha256"] ?? null };
}

/** It must be over the very bytes the node signed with its own key: one statement, two signatures. */
function checkSame(signed: Uint8Array, payload: string): void {
  const read = readForeign(ForeignBundle, signed, { bytes_max: SIGSTORE_BYTES_MAX, depth_max: DEPTH_MAX });
  if ("because" in read || read.value.dsseEnvelope?.payload !== payload) throw new MaestroError("bundle.malformed", "what came back is not over the statement of this gate");
}

async function judged({ identity, issuer }: KeylessSigned, bundle: Uint8Array, root: string | undefined, sha256: string | null): Promise<SigstoreVerdict | null> {
  if (root === undefined || sha256 === null) return null;
  return judge({ bundle, trusted_root: readNamed(root, TRUSTED_ROOT_LIMITS.bytes_max), file_or_digest: `sha256:${sha256}`, wanted: { identity, issuer }, predicate_type: null, now: new Date() });
}

export const run: CommandModule["run"] = async ({ values, positionals: [gate] }) => {
  if (gate === undefined) throw new MaestroError("cli.usage", "keyless takes the gate: the start of its id, of its head commit or of its bundle's digest");
  const { client, locations } = connect(values);
  const out = textOf(values, "out");
  const place = out === undefined ? null : outPlace(out, values["force"] === true);
  const evidence = await client.gateBundle(gate);
  const { payload, sha256 } = statementOf(evidence.bundle);
  const signed = await client.keyless(evidence.gate_id);
  const bundle = fromBase64(signed.bundle) ?? new Uint8Array();
  checkSame(bundle, payload);
  const verdict = await judged(signed, bundle, textOf(values, "trusted-root"), sha256);
  if (verdict !== null && verdict.result !== "verified") {
    note(`${describeVerdict(verdict)}\nnothing was written; the gate and its evidence are as they were`);
    return VERIFY_EXIT.failed;
  }
  const path = out ?? `${locations.state_dir}/bundles/${createHash("sha256").update(Buffer.from(evidence.bundle, "base64")).digest("hex")}.keyless.sigstore.json`;
  const still = "it was signed and logged all the same";
  if (place !== null) place.write(bundle, still);
  else {
    mkdirSync(`${locations.state_dir}/bundles`, { recursive: true, mode: 0o700 });
    writeFile(path, bundle, 0o644, still);
  }
  const { gate_id, attempt, identity, issuer } = signed;
  if (values["json"] === true) printJson({ gate_id, attempt, identity, issuer, path, verification: verdict });
  else {
    print(verdict === null ? `SIGNED, not verified here (give --trusted-root)  as ${escapeTerminal(identity)}, for whom ${escapeTerminal(issuer)} vouched` : describeVerdict(verdict));
    note(`attempt ${attempt} of ${gate_id}: ${escapeTerminal(path)}`);
  }
  return EXIT.admit;
};
