/** Every bundle of sigstore-conformance, and what that suite does not try. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SigstoreVerdict } from "../../../proto/sigstore.ts";
import { utf8 } from "../../../proto/encoding.ts";
import { skipWithout } from "../../testing/skip.ts";
import { judge, type Question } from "./judge.ts";
import { CASES, caseNames, questionOf, publicRoot } from "./testing/conformance.ts";

const absent = skipWithout(existsSync(CASES), "other people's Sigstore bundles are not here (../shared/vectors)");

type Json = Record<string, unknown>;
/** The question of a case, with its bundle, its trusted root or its artifact changed. */
function changed(name: string, change: { bundle?: (text: string) => string; root?: (root: Json) => void; file_or_digest?: string; wanted?: Question["wanted"]; predicate_type?: string }): Promise<SigstoreVerdict> {
  const question = questionOf(name);
  const text = Buffer.from(question.bundle).toString();
  const root = JSON.parse(Buffer.from(question.trusted_root ?? publicRoot()).toString()) as Json;
  change.root?.(root);
  return judge({
    ...question,
    bundle: utf8(change.bundle?.(text) ?? text),
    trusted_root: utf8(JSON.stringify(root)),
    file_or_digest: change.file_or_digest ?? question.file_or_digest,
    wanted: change.wanted ?? question.wanted,
    predicate_type: change.predicate_type ?? null,
  });
}
const codeOf = async (verdict: Promise<SigstoreVerdict>): Promise<string> => verdict.then((said) => (said.result === "verified" ? said.result : said.code));
const DSSE = "rekor2-dsse-happy-path";
const MESSAGE = "rekor2-happy-path";

describe.skipIf(absent)("sigstore-conformance", () => {
  test("each of the 70 cases gets the verdict its name asks for, and what verifies by its file does by its digest alone", async () => {
    const wrong: string[] = [];
    for (const name of caseNames()) {
      const question = questionOf(name);
      const digest = `sha256:${createHash("sha256").update(readFileSync(question.file_or_digest)).digest("hex")}`;
      for (const file_or_digest of name.endsWith("_fail") ? [question.file_or_digest] : [question.file_or_digest, digest]) {
        const verdict = await judge({ ...question, file_or_digest });
        if ((verdict.result === "verified") === name.endsWith("_fail")) wrong.push(`${name}: ${JSON.stringify(verdict)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(caseNames().length).toBe(70);
  }, 60_000);

  // The suite's file is refused for a line break in its base64 already; this is the fault it is named after.
  test("a timestamp outside the certificate's life is refused also where the base64 is clean", async () => {
    const verdict = await changed("rekor2-timestamp-with-incorrect-time_fail", { bundle: (text) => text.replaceAll("\\n\"", "\"").replace(/("signedTimestamp":\s*")([^"]+)/, (_, head: string, body: string) => head + body.replaceAll("\\n", "")) });
    expect(verdict).toMatchObject({ result: "failed", code: "certificate.chain" });
  });
});

describe.skipIf(absent)("attack", () => {
  test("another identity, another issuer, and an identity that is a pattern of the wanted one are refused", async () => {
    const { wanted } = questionOf(MESSAGE);
    if ("key" in wanted) throw new Error("a case with a certificate was expected");
    expect(await codeOf(changed(MESSAGE, {}))).toBe("verified");
    for (const identity of [`${wanted.identity}x`, wanted.identity.slice(0, -1), ".*", wanted.identity.replaceAll(".", "x"), ""]) {
      expect(await codeOf(changed(MESSAGE, { wanted: { ...wanted, identity } }))).toBe("certificate.identity");
    }
    expect(await codeOf(changed(MESSAGE, { wanted: { ...wanted, issuer: "https://accounts.google.com" } }))).toBe("certificate.identity");
  });

  test("a statement about another file says nothing of this one, and a wanted predicate is compared whole", async () => {
    expect(await codeOf(changed(DSSE, { file_or_digest: `sha256:${"0".repeat(64)}` }))).toBe("artifact.digest");
    expect(await codeOf(changed(DSSE, { file_or_digest: join(CASES, "README.md") }))).toBe("artifact.digest");
    expect(await codeOf(changed(DSSE, { predicate_type: "https://slsa.dev/provenance/v1" }))).toBe("verified");
    expect(await codeOf(changed(DSSE, { predicate_type: "https://slsa.dev/provenance/v" }))).toBe("signer.predicate");
    expect(await codeOf(changed(MESSAGE, { predicate_type: "https://slsa.dev/provenance/v1" }))).toBe("signer.predicate");
  });

  test("two signatures, two contents, two kinds of key, no entry, the entry of another bundle, a version nobody knows", async () => {
    const edit = (name: string, change: (bundle: Record<string, Json>) => void) => codeOf(changed(name, { bundle: (text) => { const bundle = JSON.parse(text) as Record<string, Json>; change(bundle); return JSON.stringify(bundle); } }));
    const other = JSON.parse(Buffer.from(questionOf(MESSAGE).bundle).toString()) as Record<string, Json>;
    expect(await edit(DSSE, ({ dsseEnvelope }) => void (dsseEnvelope!["signatures"] as unknown[]).push((dsseEnvelope!["signatures"] as unknown[])[0]))).toBe("bundle.malformed");
    expect(await edit(DSSE, (bundle) => void (bundle["messageSignature"] = other["messageSignature"]!))).toBe("bundle.malformed");
    expect(await edit(DSSE, ({ verificationMaterial }) => void (verificationMaterial!["publicKey"] = { hint: "" }))).toBe("bundle.malformed");
    expect(await edit(DSSE, ({ verificationMaterial }) => void (verificationMaterial!["tlogEntries"] = []))).toBe("log.unknown");
    expect(await edit(DSSE, ({ verificationMaterial }) => void (verificationMaterial!["tlogEntries"] = other["verificationMaterial"]!["tlogEntries"]))).toBe("log.entry");
    expect(await codeOf(changed(DSSE, { bundle: (text) => text.replace("bundle.v0.3+json", "bundle.v0.9+json") }))).toBe("bundle.malformed");
    expect(await codeOf(changed(DSSE, { bundle: (text) => text.replace("bundle.v0.3+json", "bundle.v0.3+json-and-more") }))).toBe("bundle.malformed");
    expect(await codeOf(changed(DSSE, { bundle: (text) => text.replace("application/vnd.in-toto+json", "application/json") }))).not.toBe("verified");
  });

  test("a bundle that brings a root along, a certificate for something else, and a signature that no clock vouches for", async () => {
    const chained = JSON.parse(Buffer.from(questionOf("happy-path-v0.1").bundle).toString()) as { verificationMaterial: { x509CertificateChain: { certificates: unknown[] } } };
    type Authorities = { certChain: { certificates: { rawBytes: string }[] } }[];
    const { certificateAuthorities, timestampAuthorities } = JSON.parse(Buffer.from(publicRoot()).toString()) as { certificateAuthorities: Authorities; timestampAuthorities: Authorities };
    chained.verificationMaterial.x509CertificateChain.certificates.push(certificateAuthorities.at(-1)!.certChain.certificates.at(-1));
    expect(await changed("happy-path-v0.1", { bundle: () => JSON.stringify(chained) })).toMatchObject({ code: "bundle.malformed", detail: "the certificate chain brings its own root" });
    const other = (text: string) => text.replace(/("certificate":\s*\{\s*"rawBytes":\s*")[^"]+/, (_, head: string) => head + timestampAuthorities[0]!.certChain.certificates[0]!.rawBytes);
    expect(await changed(DSSE, { bundle: other })).toMatchObject({ code: "certificate.chain", detail: "the certificate is not for signing code" });
    expect(await codeOf(judge(questionOf("rekor2-no-timestamp_fail")))).toBe("timestamp.invalid");
  });

  test("a foreign log, a log key that no longer counted, and a trusted root without windows are refused", async () => {
    const logs = (root: Json): Json[] => root["tlogs"] as Json[];
    const keys = (root: Json): Json[] => logs(root).map((log) => log["publicKey"] as Json);
    expect(await codeOf(changed(MESSAGE, { root: (root) => void (root["tlogs"] = []) }))).toBe("log.proof");
    expect(await codeOf(changed(MESSAGE, { root: (root) => keys(root).forEach((key) => (key["validFor"] = { start: "2021-01-01T00:00:00Z", end: "2022-01-01T00:00:00Z" })) }))).toBe("log.key");
    for (const list of ["certificateAuthorities", "timestampAuthorities"]) {
      expect(await codeOf(changed(MESSAGE, { root: (root) => void delete (root[list] as Json[])[0]!["validFor"] }))).toBe("trust.malformed");
    }
    expect(await codeOf(changed(MESSAGE, { root: (root) => void (root["mediaType"] = "application/json") }))).toBe("trust.malformed");
    expect(await codeOf(judge({ ...questionOf(MESSAGE), trusted_root: null }))).toBe("trust.malformed");
  });

  test("an entry of somebody else's certificate over the same signature is refused, although the log holds it", async () => {
    const { checkEntryCertificate } = await import("./entry-certificate.ts");
    const { bundleFromJSON } = await import("@sigstore/bundle");
    for (const name of [MESSAGE, DSSE, "happy-path-v0.3", "happy-path-intoto-in-dsse-v3", "intoto-with-custom-trust-root"]) {
      const { verificationMaterial: { content, tlogEntries } } = bundleFromJSON(JSON.parse(Buffer.from(questionOf(name).bundle).toString()));
      const leaf = content.$case === "certificate" ? content.certificate.rawBytes : content.$case === "x509CertificateChain" ? content.x509CertificateChain.certificates[0]!.rawBytes : Buffer.alloc(0);
      expect(() => checkEntryCertificate(tlogEntries[0]!, leaf)).not.toThrow();
      const foreign = Buffer.from(leaf);
      foreign[foreign.length - 1]! ^= 1;
      expect(() => checkEntryCertificate(tlogEntries[0]!, foreign)).toThrow("another certificate");
    }
  });

  test("every prefix of a bundle, deep nesting, duplicate keys, and bytes that are no text are refused and never thrown", async () => {
    const question = questionOf(DSSE);
    const text = Buffer.from(question.bundle).toString();
    for (let cut = 0; cut < text.length; cut += 997) expect(await codeOf(changed(DSSE, { bundle: () => text.slice(0, cut) }))).toBe("bundle.malformed");
    expect(await codeOf(changed(DSSE, { bundle: () => `{"mediaType":${"[".repeat(100_000)}` }))).toBe("bundle.malformed");
    expect(await codeOf(changed(DSSE, { bundle: (bundle) => bundle.replace("{", '{"mediaType":"x",') }))).toBe("bundle.malformed");
    expect(await codeOf(judge({ ...question, bundle: Uint8Array.of(0xff, 0xfe) }))).toBe("bundle.malformed");
    expect(await judge({ ...question, bundle: new Uint8Array(33 * 1024 * 1024) })).toMatchObject({ code: "bundle.malformed", detail: expect.stringContaining("limit 33554432") });
    expect(await codeOf(judge({ ...question, trusted_root: new Uint8Array(5 * 1024 * 1024) }))).toBe("trust.malformed");
    expect(await codeOf(judge({ ...question, file_or_digest: "/nonexistent/file" }))).toBe("artifact.unreadable");
  });
});

describe.skipIf(absent)("file or digest", () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "maestro-sigstore-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("what lies on the disk under the name of a digest is a file", async () => {
    const question = questionOf(MESSAGE);
    const hex = createHash("sha256").update(readFileSync(question.file_or_digest)).digest("hex");
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await codeOf(judge({ ...question, file_or_digest: `sha256:${hex}` }))).toBe("verified");
      writeFileSync(`sha256:${hex}`, "something else");
      expect(await codeOf(judge({ ...question, file_or_digest: `sha256:${hex}` }))).toBe("artifact.digest");
    } finally {
      process.chdir(before);
    }
    expect(await codeOf(judge({ ...question, file_or_digest: `sha256:${hex.toUpperCase()}` }))).toBe("verified");
    expect(await codeOf(judge({ ...question, file_or_digest: `sha256:${hex.slice(1)}` }))).toBe("artifact.unreadable");
  });
});

test("nothing is fetched: no file of this room names what could", () => {
  const files = readdirSync(import.meta.dir).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  expect(files.length).toBeGreaterThan(5);
  for (const name of files) expect(readFileSync(join(import.meta.dir, name), "utf8")).not.toMatch(/fetch\(|node:https?|@sigstore\/tuf|"sigstore"/);
});
