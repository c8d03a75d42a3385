/**
 * Evidence of a real gate in the hands of other people's verifiers: in a namespace without any network, in a folder that holds what
 * `maestro verify --extract` and `maestro trust export` wrote and nothing else. Each tool also refuses what is wrong.
 */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { cpSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GateDocument, World } from "../daemon/e2e/testing/world.ts";
import { ROOT } from "../daemon/house/sources.ts";
import { newSigner } from "../daemon/testing/evidence.ts";
import { OBLIGATIONS_PREDICATE } from "../proto/attestation.ts";
import { SVR_PREDICATE, TEST_RESULT_PREDICATE, VSA_PREDICATE } from "../proto/predicates/derived.ts";
import { accepts, output, run, type Ended } from "./rig/accepts.ts";
import { cosign, inTotoAttestation, onPath, receiptcheck, securesystemslib, slsaVerifier } from "./rig/tools.ts";

const [cosignTool, slsa, receipts, dsse, statements, bwrap] = await Promise.all([cosign(), slsaVerifier(), receiptcheck(), securesystemslib(), inTotoAttestation(), onPath("bwrap", "install bubblewrap")]);
const sigstore = { name: "@sigstore/verify", version: (JSON.parse(readFileSync(join(ROOT, "node_modules/@sigstore/verify/package.json"), "utf8")) as { version: string }).version };

const TYPES: Readonly<Record<string, string>> = { obligations: OBLIGATIONS_PREDICATE, svr: SVR_PREDICATE, vsa: VSA_PREDICATE, "test-result-checks": TEST_RESULT_PREDICATE };
const PROVENANCE = "https://slsa.dev/provenance/v1";
const LEVEL = "MAESTRO_GATE_LOCAL";

const world = new World();
const folder = world.path("stranger");
let gate: GateDocument & { readonly code: number };
let pem = "";
let vkey = "";
let tree = "";
let verifier = "";
let resource = "";

const at = (name: string): string => join(folder, name);
const json = (name: string): Record<string, unknown> => JSON.parse(readFileSync(at(name), "utf8")) as Record<string, unknown>;
const put = (name: string, value: unknown): string => {
  writeFileSync(at(name), JSON.stringify(value));
  return name;
};

/** The folder, the tool, and the system's libraries, read-only; no network, no home, no environment. */
async function alone(tool: string, args: readonly string[], binds: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const system = ["/usr", "/lib", "/lib64", "/bin"].flatMap((path) => ["--ro-bind-try", path, path]);
  const own = [tool, ...binds].flatMap((path) => ["--ro-bind", path, path]);
  const set = Object.entries({ PATH: "/usr/bin:/bin", HOME: "/nonexistent", ...env }).flatMap(([name, value]) => ["--setenv", name, value]);
  const jail = ["--unshare-all", "--die-with-parent", "--clearenv", ...set, ...system, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", ...own, "--ro-bind", folder, "/evidence", "--chdir", "/evidence"];
  return run([bwrap.path(), ...jail, tool, ...args]);
}

const cosigned = (name: string, { type = TYPES[name] ?? "", root = "trusted_root.json", key = pem, artifact = "merged-tree.listing", bundle = `${name}.sigstore.json` } = {}): Promise<Ended> =>
  alone(cosignTool.path(), ["verify-blob-attestation", "--key", key, "--trusted-root", root, "--bundle", bundle, "--type", type, artifact]);

/** A Sigstore bundle with something of its log entry changed. */
function changed(name: string, change: (entry: { inclusionProof: { hashes: string[]; logIndex: string } }, entries: unknown[]) => void): string {
  const bundle = json(`${name}.sigstore.json`) as { verificationMaterial: { tlogEntries: { inclusionProof: { hashes: string[]; logIndex: string } }[] } };
  const { tlogEntries } = bundle.verificationMaterial;
  const [entry] = tlogEntries;
  if (entry !== undefined) change(entry, tlogEntries);
  return put(`changed-${name}.sigstore.json`, bundle);
}
const brokenProof = (name: string): string => changed(name, ({ inclusionProof }) => inclusionProof.hashes.splice(0, 1, Buffer.alloc(32).toString("base64")));
const noEntry = (name: string): string => changed(name, (_entry, entries) => entries.splice(0));

/** A stranger's log key under our log's name. */
function foreignRoot(): string {
  const root = json("trusted_root.json") as { tlogs: { publicKey: { rawBytes: string } }[] };
  for (const log of root.tlogs) log.publicKey.rawBytes = Buffer.from(newSigner("ed25519").key.spki).toString("base64");
  return put("foreign_root.json", root);
}

beforeAll(async () => {
  const warm = await world.judged(await world.changed({}, { "src/first.ts": "export const first = 1;\n" }));
  const source = await world.changed({}, { "src/b.ts": "export const b = 1;\n" });
  gate = await world.judged(source);
  expect([warm.code, gate.code, gate.verified, gate.card.reasons]).toEqual([0, 0, "verified", []]);
  await output([process.execPath, join(ROOT, "daemon/cli/main.ts"), "trust", "export", "--out", folder, join(world.state_dir, "trust.json")]);
  const evidence = world.path("evidence");
  const extracted = await world.run(["verify", gate.bundle, "--extract", evidence, "--artifact", source.path]);
  expect([extracted.code, extracted.stderr]).toEqual([0, expect.stringContaining("extracted")]);
  for (const file of readdirSync(evidence)) cpSync(join(evidence, file), at(file));
  writeFileSync(at("other"), "something else");
  [pem = "", vkey = ""] = [/^gate-.*\.pem$/, /^log-.*\.vkey$/].map((pattern) => readdirSync(folder).find((file) => pattern.test(file)));
  const { predicate } = JSON.parse(Buffer.from((json("vsa.dsse.json") as { payload: string }).payload, "base64").toString()) as { predicate: { verifier: { id: string }; resourceUri: string } };
  verifier = predicate.verifier.id;
  resource = predicate.resourceUri;
  tree = Bun.SHA256.hash(readFileSync(at("merged-tree.listing")), "hex");
  mkdirSync(at("empty"));
}, 120_000);
afterAll(() => world.dispose());

describe("cosign", () => {
  for (const name of Object.keys(TYPES)) {
    accepts(cosignTool, `${name} verifies, with no network, against the file whose digest it names and our log`, async () => {
      expect(await cosigned(name)).toMatchObject({ code: 0, stderr: expect.stringContaining("Verified OK") });
    });
  }
  accepts(cosignTool, "a digest may stand for the file", async () => {
    const args = ["verify-blob-attestation", "--key", pem, "--trusted-root", "trusted_root.json", "--bundle", "vsa.sigstore.json", "--type", VSA_PREDICATE, "--digest", tree, "--digestAlg", "sha256"];
    expect(await alone(cosignTool.path(), args)).toMatchObject({ code: 0, stderr: expect.stringContaining("Verified OK") });
  });
  accepts(cosignTool, "refuses another type, another file, another gate's key, a foreign log key, a broken proof, and no log entry", async () => {
    const stranger = newSigner("ecdsa-p256-sha256");
    writeFileSync(at("stranger.pem"), `-----BEGIN PUBLIC KEY-----\n${Buffer.from(stranger.key.spki).toString("base64")}\n-----END PUBLIC KEY-----\n`);
    const wrong = await Promise.all([
      cosigned("vsa", { type: PROVENANCE }),
      cosigned("vsa", { artifact: "other" }),
      cosigned("vsa", { key: "stranger.pem" }),
      cosigned("vsa", { root: foreignRoot() }),
      cosigned("svr", { bundle: brokenProof("svr") }),
      cosigned("obligations", { bundle: noEntry("obligations") }),
    ]);
    expect(wrong.map(({ code }) => code === 0)).toEqual([false, false, false, false, false, false]);
    expect(wrong[1]?.stderr).toContain("provided artifact digest");
  });
});

describe("@sigstore/verify", () => {
  const program = join(import.meta.dir, "peers/sigstore-verify.ts");
  const packages = [join(ROOT, "node_modules"), program];
  const bun = realpathSync(process.execPath);
  const checked = (bundle: string, root = "trusted_root.json"): Promise<Ended> => alone(bun, [program, root, pem, bundle], packages);
  accepts(sigstore, "each bundle verifies under Bun, with our trusted root and our key", async () => {
    for (const [name, type] of Object.entries(TYPES)) expect(await checked(`${name}.sigstore.json`)).toMatchObject({ code: 0, stdout: `${type}\n` });
  });
  accepts(sigstore, "refuses a broken proof, no log entry and a foreign log key", async () => {
    for (const [bundle, root] of [[brokenProof("vsa"), undefined], [noEntry("svr"), undefined], ["vsa.sigstore.json", foreignRoot()]] as const) expect((await checked(bundle, root)).code).toBe(1);
    expect((await checked(brokenProof("vsa"))).stderr).toBe("TLOG_INCLUSION_PROOF_ERROR\n");
  });
});

describe("slsa-verifier", () => {
  const verified = (change: Readonly<Record<string, string>> = {}, envelope = "vsa.dsse.json"): Promise<Ended> => {
    const options = { "subject-digest": `sha256:${tree}`, "verifier-id": verifier, "resource-uri": resource, "verified-level": LEVEL, "public-key-path": pem, ...change };
    return alone(slsa.path(), ["verify-vsa", "--attestation-path", envelope, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])]);
  };
  accepts(slsa, "the summary passes as a plain envelope", async () => {
    expect(await verified()).toMatchObject({ code: 0, stderr: expect.stringContaining("PASSED") });
  });
  accepts(slsa, "refuses another digest, a level that nothing verified, another verifier, another mode's level, another resource", async () => {
    const wrong = [{ "subject-digest": `sha256:${"0".repeat(64)}` }, { "verified-level": "SLSA_BUILD_LEVEL_1" }, { "verified-level": "MAESTRO_GATE_HOST" }, { "verifier-id": verifier.replace(/local$/, "host") }, { "resource-uri": `${resource}x` }];
    for (const change of wrong) expect((await verified(change)).code).not.toBe(0);
  });
  accepts(slsa, "refuses the summary with a word changed", async () => {
    const envelope = json("vsa.dsse.json") as { payload: string };
    envelope.payload = Buffer.from(Buffer.from(envelope.payload, "base64").toString().replace(LEVEL, "MAESTRO_GATE_HOST")).toString("base64");
    expect((await verified({ "verified-level": "MAESTRO_GATE_HOST" }, put("changed.dsse.json", envelope))).code).not.toBe(0);
  });
});

describe("Python's packages", () => {
  const program = join(import.meta.dir, "peers/dsse_check.py");
  const checked = async (packages: string, args: readonly string[]): Promise<Ended> => {
    const [prefix = "", python = ""] = (await output(["python3", "-c", "import os, sys; print(sys.base_prefix); print(os.path.realpath(sys.executable))"])).trim().split("\n");
    return alone(python, [program, ...args], [prefix, packages, program], { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" });
  };
  accepts(dsse, "verifies every envelope, and none with another key", async () => {
    const stranger = newSigner("ecdsa-p256-sha256");
    writeFileSync(at("other.pem"), `-----BEGIN PUBLIC KEY-----\n${Buffer.from(stranger.key.spki).toString("base64")}\n-----END PUBLIC KEY-----\n`);
    for (const name of [...Object.keys(TYPES).map((one) => `${one}.sigstore.json`), "vsa.dsse.json"]) {
      expect(await checked(dsse.path(), ["dsse", pem, name])).toMatchObject({ code: 0, stdout: expect.stringContaining("verified by") });
    }
    expect((await checked(dsse.path(), ["dsse", "other.pem", "vsa.dsse.json"])).code).not.toBe(0);
  });
  accepts(statements, "takes every statement as one of in-toto v1, and the test result field by field", async () => {
    for (const [name, type] of Object.entries(TYPES)) {
      const known = name.startsWith("test-result");
      expect(await checked(statements.path(), ["statement", `${name}.sigstore.json`])).toMatchObject({ code: 0, stdout: `${type} ${known ? "and its predicate" : ""}\n` });
    }
    const bundle = json("test-result-checks.sigstore.json") as { dsseEnvelope: { payload: string } };
    bundle.dsseEnvelope.payload = Buffer.from(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replace('"passedTests"', '"passingTests"')).toString("base64");
    expect((await checked(statements.path(), ["statement", put("misspelt.sigstore.json", bundle)])).code).not.toBe(0);
  });
});

describe("receipts", () => {
  const checked = (proof: string, entry: string): Promise<Ended> => alone(receipts.path(), [vkey, proof, entry]);
  accepts(receipts, "each entry is in the log by Go's and transparency-dev's Merkle code, under a checkpoint that Go's note package opens", async () => {
    for (const name of Object.keys(TYPES)) expect(await checked(`${name}.tlog-proof`, `${name}.entry`)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^entry \d+ of \d+ in log\./) });
  });
  accepts(receipts, "refuses another entry's proof, a changed hash and a changed checkpoint", async () => {
    expect((await checked("svr.tlog-proof", "vsa.entry")).code).toBe(1);
    const text = readFileSync(at("vsa.tlog-proof"), "utf8");
    writeFileSync(at("index.tlog-proof"), text.replace(/^index \d+/m, "index 0"));
    writeFileSync(at("size.tlog-proof"), text.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`));
    for (const name of ["index", "size"]) expect((await checked(`${name}.tlog-proof`, "vsa.entry")).code).toBe(1);
  });
});
