import { afterAll, describe, expect, test } from "bun:test";
import { createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { SVR_PREDICATE } from "../../../proto/predicates/derived.ts";
import { makeBundle, newRing, newSigner, NOW, trustWith } from "../../testing/evidence.ts";
import { verifyBundle } from "../../verifier/bundle.ts";
import { withheld } from "../../verifier/further/wording.ts";
import { parseVerifierKey } from "../../verifier/note.ts";
import { openTrust, type Trust } from "../../verifier/trust.ts";
import { attestationFiles } from "./attestations.ts";
import { writeFolder } from "./folder.ts";
import { trustFiles } from "./trust-files.ts";
import { trustReadme } from "./trust-readme.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ring = newRing();

function opened(bytes: Uint8Array): Trust {
  const trust = openTrust(bytes);
  if (!trust.ok) throw new Error(trust.reason.detail);
  return trust.value;
}

describe("trust export", () => {
  const made = trustFiles(ring.trust, opened(ring.trust));
  const text = (name: string): string => String(made.files.get(name));

  test("gives the log key to Sigstore's verifiers under a URL whose host is the origin, and the gate key as PEM", () => {
    const { tlogs } = JSON.parse(text("trusted_root.json")) as { tlogs: { baseUrl: string; publicKey: { rawBytes: string; validFor: object } }[] };
    expect(tlogs.map(({ baseUrl, publicKey }) => [new URL(baseUrl).hostname, publicKey.rawBytes])).toEqual([[ring.origin, Buffer.from(ring.log.key.spki).toString("base64")]]);
    expect(tlogs[0]?.publicKey.validFor).toEqual({ start: "2026-11-01T00:00:00Z", end: "2036-10-29T00:00:00Z" });
    const pem = createPublicKey(text(made.gates[0]?.file ?? ""));
    expect(Buffer.from(ring.gate.key.spki).equals(pem.export({ format: "der", type: "spki" }))).toBe(true);
  });

  test("gives the log its verifier key, and a policy that asks for no witness where the trust file asks for none", () => {
    expect(parseVerifierKey(text(`log-${ring.origin}.vkey`).trim())?.name).toBe(ring.origin);
    expect(text("tlog-policy")).toBe(`log ${text(`log-${ring.origin}.vkey`).trim()}\nquorum none\n`);
  });

  test("every key of one log has a line of its own, the newest first", () => {
    const next = newSigner("ed25519");
    const trust = trustWith(ring, (body) => ({ ...body, keys: body.keys.flatMap((line) => (line.role === "log" ? [{ ...line, log_size_max: 9 }, { ...line, fingerprint: next.key.fingerprint, public_key: Buffer.from(next.key.spki).toString("base64"), from: "2026-11-20T00:00:00Z" }] : [line])) }));
    const { files, logs } = trustFiles(trust, opened(trust));
    expect(logs.map(({ file }) => file)).toEqual([`log-${ring.origin}.vkey`, expect.stringMatching(/^log-.*-[0-9a-f]{8}\.vkey$/)]);
    expect((JSON.parse(String(files.get("trusted_root.json"))) as { tlogs: unknown[] }).tlogs).toHaveLength(2);
  });

  test("the text beside them names this node's own files and ids, and that nobody vouches for a self-made file", () => {
    const readme = trustReadme(opened(ring.trust), made);
    expect(readme).toContain(`--key ${made.gates[0]?.file}`);
    expect(readme).toContain("urn:maestro:verifier:sample.local.maestro.internal:local");
    expect(readme).toContain("A node wrote this trust file for itself");
  });
});

describe("a bundle taken apart", () => {
  test("one file for each statement, with its receipt and entry; names of documents cannot leave the folder", () => {
    const bundle = makeBundle(ring, { verdict: "refuse", beside: (all) => all, documents: { "a/../../../b.txt": "x" } });
    const files = attestationFiles(bundle, verifyBundle(bundle, ring.trust, { now: NOW }));
    expect([...files.keys()].sort()).toEqual(["card.json", "document-a_.._.._.._b.txt", "obligations.entry", "obligations.sigstore.json", "obligations.tlog-proof", "svr.entry", "svr.sigstore.json", "svr.tlog-proof", "test-result-checks.entry", "test-result-checks.sigstore.json", "test-result-checks.tlog-proof", "vsa.dsse.json", "vsa.entry", "vsa.sigstore.json", "vsa.tlog-proof"]);
    expect(fromUtf8(files.get("vsa.dsse.json") as Uint8Array)).toContain('"payloadType":"application/vnd.in-toto+json"');
  });

  test("nothing is written into a folder that holds something", () => {
    const [fresh, used] = [join(folder, "fresh"), join(folder, "used")];
    writeFolder(fresh, new Map([["a", "1"]]));
    expect(readdirSync(fresh)).toEqual(["a"]);
    expect(() => writeFolder(fresh, new Map([["b", "2"]]))).toThrow("is not empty");
    writeFileSync(used, "");
    expect(existsSync(join(fresh, "b"))).toBe(false);
  });
});

test("a trust file that withholds a predicate type is said by name", () => {
  const trust = trustWith(ring, (body) => ({ ...body, keys: body.keys.map((line) => ({ ...line, predicate_types: line.predicate_types.filter((type) => type !== SVR_PREDICATE) })) }));
  expect([withheld(opened(trust)), withheld(opened(ring.trust))]).toEqual([["svr"], []]);
});
