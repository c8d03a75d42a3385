/** Provenance of a build that ran here, before other people's verifiers, in a folder that holds only the artifact, the provenance and public keys; with no network. */
import { afterAll, beforeAll, expect } from "bun:test";
import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SigstoreBundle } from "../proto/attestation.ts";
import { BUILD_FILE_NONCE_BYTES } from "../proto/build.ts";
import { fromBase64 } from "../proto/encoding.ts";
import { VERSION } from "../proto/version.ts";
import { Value } from "@sinclair/typebox/value";
import { World } from "../daemon/testing/core.ts";
import { accepts, run } from "./rig/accepts.ts";
import { cosign, inTotoAttestation, slsaVerifier } from "./rig/tools.ts";

const [tool, intoto, slsa] = await Promise.all([cosign(), inTotoAttestation(), slsaVerifier()]);
let world: World;
let folder: string;
let artifact: string;
let provenance: string;

const pem = (spki: Uint8Array): string => createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }).export({ type: "spki", format: "pem" }).toString();

beforeAll(async () => {
  world = await World.open();
  const source = world.scratch.source("built");
  const commit = await source.commit({ "maestro.yaml": "version: 1\nbuilds:\n  app: {run: [sh, -c, 'cp in.txt /scratch/app.txt'], outputs: [app.txt]}\n", "in.txt": "artifact\n" });
  const intake = await world.received(source, [commit]);
  const built = await world.core.desk.submit(intake, { intake_id: intake.id, target_ref: "refs/heads/main", target: commit, commit, name: "app", repeat: true }, () => undefined, new AbortController().signal, (_worst, work) => work(() => undefined));
  if (built.event !== "built") throw new Error(built.because);
  folder = join(world.scratch.root, "auditor");
  await Bun.write(join(folder, "placeholder"), "");
  [artifact, provenance] = [join(folder, "app.txt"), join(folder, "app.provenance.sigstore.json")];
  writeFileSync(artifact, (await world.core.artifacts.blobs.get(built.row.files[0]?.blob ?? ""))?.subarray(BUILD_FILE_NONCE_BYTES) ?? "");
  writeFileSync(provenance, fromBase64(built.bundle) ?? "");
  const { entries } = world.core.evidence.trust;
  const gate = entries.find(({ entry }) => entry.role === "gate");
  const log = entries.find(({ entry }) => entry.role === "log");
  const [gate_spki, log_spki] = [gate, log].map((line) => fromBase64(line?.entry.public_key ?? "") ?? new Uint8Array());
  writeFileSync(join(folder, "gate.pem"), pem(gate_spki ?? new Uint8Array()));
  const bundle = Value.Decode(SigstoreBundle, JSON.parse(readFileSync(provenance, "utf8")));
  // What `maestro trust export` writes for such tools: the log's key under its origin.
  writeFileSync(join(folder, "trusted_root.json"), JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [{ baseUrl: `https://${log?.entry.log_origin}`, hashAlgorithm: "SHA2_256", publicKey: { rawBytes: Buffer.from(log_spki ?? new Uint8Array()).toString("base64"), keyDetails: "PKIX_ED25519", validFor: { start: "2020-01-01T00:00:00Z" } }, logId: bundle.verificationMaterial.tlogEntries[0]?.logId }],
    certificateAuthorities: [], ctlogs: [], timestampAuthorities: [],
  }));
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

const offline = (argv: readonly string[]) => run(["unshare", "-rn", ...argv], { cwd: folder });
const verify = (file: string, type = "slsaprovenance1") => offline([tool.path(), "verify-blob-attestation", "--key", "gate.pem", "--bundle", provenance, "--trusted-root", "trusted_root.json", "--type", type, file]);

accepts(tool, "verify-blob-attestation takes our SLSA provenance over the artifact, offline, by our own log", async () => {
  const { code, stderr } = await verify(artifact);
  expect([code, stderr]).toEqual([0, expect.stringContaining("Verified OK")]);
});

accepts(tool, "and refuses another artifact, and another predicate type", async () => {
  writeFileSync(join(folder, "other.txt"), "other\n");
  expect((await verify(join(folder, "other.txt"))).code).not.toBe(0);
  expect((await verify(artifact, "vuln")).code).not.toBe(0);
});

accepts(intoto, "reads the statement as an in-toto Statement v1", async () => {
  const bundle = Value.Decode(SigstoreBundle, JSON.parse(readFileSync(provenance, "utf8")));
  writeFileSync(join(folder, "statement.json"), fromBase64(bundle.dsseEnvelope.payload) ?? "");
  const program = "import sys,json; sys.path.insert(0, sys.argv[1]); from google.protobuf import json_format; from in_toto_attestation.v1 import statement_pb2; from in_toto_attestation.v1.statement import Statement; s=json_format.Parse(open(sys.argv[2]).read(), statement_pb2.Statement()); Statement.copy_from_pb(s).validate(); from in_toto_attestation.predicates.provenance.v1 import provenance_pb2; p=json_format.ParseDict(json.loads(open(sys.argv[2]).read())['predicate'], provenance_pb2.Provenance()); print(s.predicate_type, p.run_details.builder.id)";
  const { code, stdout, stderr } = await offline(["python3", "-c", program, intoto.path(), join(folder, "statement.json")]);
  expect([code, stderr, stdout.trim()]).toEqual([0, "", expect.stringMatching(/^https:\/\/slsa\.dev\/provenance\/v1 urn:maestro:builder:.*:local$/)]);
});

accepts({ name: "maestro", version: VERSION }, "build, verify and fetch again by the command line; a build that fails ends with 1 and leaves no file", async () => {
  const repository = world.scratch.source("by-hand");
  await repository.commit({ "maestro.yaml": "version: 1\nbuilds:\n  app: {run: [sh, -c, 'mkdir /scratch/o && cp in.txt /scratch/o/app.txt && : > /scratch/none'], outputs: [o/app.txt, none]}\n  bad: {run: [sh, -c, 'echo why >&2; exit 3'], outputs: [x]}\n", "in.txt": "by hand\n", "bun.lock": '{"packages": {"a": ["a@1.0.0", "", {}, "sha512-AAAA"]}}\n' });
  const state = join(world.scratch.root, "by-hand-state");
  const maestro = (...args: readonly string[]) => run([process.execPath, join(import.meta.dir, "../daemon/cli/main.ts"), ...args, "--state", state], { cwd: repository.path, env: { MAESTRO_CONFIG: "" } });
  try {
    const built = await maestro("build", "app", "--embedded", "--json");
    const { build_id, files, level } = JSON.parse(built.stdout) as { readonly build_id: string; readonly files: readonly { readonly path: string }[]; readonly level: number };
    expect([built.code, files.map(({ path }) => path), level, readFileSync(join(repository.path, "app/o/app.txt"), "utf8"), readFileSync(join(repository.path, "app/none"), "utf8")]).toEqual([0, ["o/app.txt", "none"], 1, "by hand\n", ""]);
    const [sound, other, again, bad, list] = [await maestro("verify", "app/o/app.txt", "--provenance", "app/app.provenance.sigstore.json"), await maestro("verify", "maestro.yaml", "--provenance", "app/app.provenance.sigstore.json"), await maestro("build", build_id, "--out", "again"), await maestro("build", "bad"), await maestro("sbom")];
    expect([sound.code, other.code, again.code, bad.code, list.code]).toEqual([0, 1, 0, 1, 0]);
    expect([sound.stdout, bad.stderr, existsSync(join(repository.path, "bad")), readFileSync(join(repository.path, "again/o/app.txt"), "utf8"), list.stdout]).toEqual([expect.stringContaining("SLSA build level 1"), expect.stringContaining("why"), false, "by hand\n", expect.stringContaining('"purl":"pkg:npm/a@1.0.0"')]);
  } finally {
    await maestro("stop");
  }
});

accepts(slsa, "says that it knows public builders only, which is why no level is claimed by it", async () => {
  const { code, stdout, stderr } = await offline([slsa.path(), "verify-artifact", artifact, "--provenance-path", provenance, "--source-uri", "example.org/demo"]);
  expect([code === 0, `${stdout}${stderr}`.includes("PASSED")]).toEqual([false, false]);
});
