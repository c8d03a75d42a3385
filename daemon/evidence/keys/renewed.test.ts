/** A state folder of an earlier release opens with everything this one signs permitted, and nothing it permitted before taken away. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GATE_PREDICATES, OBLIGATIONS_PREDICATE } from "../../../proto/attestation.ts";
import { equalBytes } from "../../../proto/encoding.ts";
import type { TrustBody } from "../../../proto/trust.ts";
import { newSigner } from "../../testing/evidence.ts";
import { openKeys } from "./index.ts";
import { signerFromPem, type Signer } from "./signer.ts";
import { upToDate } from "./renewed.ts";
import { checkSums } from "./sums.ts";
import { signTrust, trustFileBytes } from "./trust.ts";

const work = mkdtempSync(join(tmpdir(), "maestro-renewed-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const now = new Date("2026-01-01T00:00:00Z");
const LATER = "urn:maestro:predicate:of-a-later-release:v1";
let serial = 0;

const bodyIn = (bytes: Uint8Array): TrustBody => JSON.parse(new TextDecoder().decode(bytes)).body;

/** A folder whose gate line permits what a release of before signed, and something that only a later one knows. */
function older(change: (body: TrustBody) => TrustBody = (body) => body, root?: Signer) {
  const state_dir = join(work, `state-${serial++}`);
  const first = openKeys({ state_dir, now, trust_domain: null });
  const keys = join(state_dir, "keys");
  const own = signerFromPem("ed25519", readFileSync(join(keys, "root.pem"), "utf8"), "root.pem");
  const body = bodyIn(first.trust_bytes);
  const before = change({ ...body, keys: body.keys.map((line) => (line.role === "gate" ? { ...line, predicate_types: [OBLIGATIONS_PREDICATE, LATER] } : line)) });
  const bytes = trustFileBytes(signTrust(before, root ?? own));
  writeFileSync(join(keys, "trust.json"), bytes);
  return { state_dir, keys, bytes, open: () => openKeys({ state_dir, now, trust_domain: null }) };
}

test("a self-made file of an earlier release permits what this one signs, under the same root, and keeps what it permitted", () => {
  const { state_dir, keys, bytes, open } = older();
  const opened = open();
  const [gate, log] = bodyIn(opened.trust_bytes).keys;
  expect(gate?.predicate_types.toSorted()).toEqual([...GATE_PREDICATES, LATER].toSorted());
  expect(log).toEqual(bodyIn(bytes).keys[1]);
  for (const copy of [join(keys, "trust.json"), join(state_dir, "trust.json")]) expect(equalBytes(readFileSync(copy), opened.trust_bytes)).toBe(true);
  checkSums(keys);
  expect(open().trust_bytes).toEqual(opened.trust_bytes);
});

test("without its root, or under another one, the file stays as it is: nobody here may sign it", () => {
  const gone = older();
  renameSync(join(gone.keys, "root.pem"), join(gone.state_dir, "taken-away.pem"));
  expect(equalBytes(gone.open().trust_bytes, gone.bytes)).toBe(true);
  const foreign = older(undefined, newSigner("ed25519"));
  expect(equalBytes(foreign.open().trust_bytes, foreign.bytes)).toBe(true);
});

test("an operator's file in its place is the operator's to change", () => {
  const operated = older((body) => ({ ...body, self_made: false }));
  expect(equalBytes(operated.open().trust_bytes, operated.bytes)).toBe(true);
});

test("a line of another gate key is not widened", () => {
  const other = newSigner("ecdsa-p256-sha256").key;
  const { open } = older((body) => ({ ...body, keys: [...body.keys, ...body.keys.slice(0, 1).map((line) => ({ ...line, fingerprint: other.fingerprint, public_key: other.spki.toBase64() }))] }));
  expect(bodyIn(open().trust_bytes).keys.map(({ predicate_types }) => predicate_types.length)).toEqual([GATE_PREDICATES.length + 1, 0, 2]);
});

test("attack: a bit flips anywhere in a self-made file: the root that lies beside it does not sign the damage", () => {
  const { keys, bytes, open } = older();
  const gate = signerFromPem("ecdsa-p256-sha256", readFileSync(join(keys, "gate.pem"), "utf8"), "gate.pem");
  const mutants = Array.from(bytes, (_, i) => bytes.map((byte, at) => (at === i ? byte ^ (1 << (i % 7)) : byte))).filter((_, i) => i % 4 === 0);
  expect(mutants.filter((mutant) => !equalBytes(upToDate(keys, mutant, gate), mutant))).toEqual([]);
  const predicate = new TextDecoder().decode(bytes).replace("obligations", "obligationz");
  writeFileSync(join(keys, "trust.json"), predicate);
  expect(open).toThrow("did not sign this trust file");
  expect(readFileSync(join(keys, "trust.json"), "utf8")).toBe(predicate);
});
