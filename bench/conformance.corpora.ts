/** sigstore-conformance: every case through `maestro verify-bundle` where there is no network, and beside it what sigstore-go says of the same files. */
import { afterAll, beforeAll, expect } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { caseFiles, caseNames, publicRoot } from "../daemon/cli/sigstore/testing/conformance.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { goProgram } from "./rig/built.ts";
import { onPath } from "./rig/tools.ts";

const ROOT = join(import.meta.dir, "..");
const CASES = join(Bun.env["MAESTRO_CORPORA"] ?? join(ROOT, "../shared"), "vectors/sigstore-bundles/test/assets/bundle-verify");
const CLI = join(ROOT, "daemon/cli/main.ts");
const CASES_COUNT = 70;
/** As in cosign v3.1.3; 1.4.0 asks for a newer Go than this project builds its peers with. */
const SIGSTORE_GO = "v1.2.2";

const unshare = await onPath("unshare", "install util-linux");
const peer = await goProgram("bundlecheck", SIGSTORE_GO, join(import.meta.dir, "peers/bundlecheck.go"), [`github.com/sigstore/sigstore-go ${SIGSTORE_GO}`, "github.com/sigstore/sigstore v1.10.8"]);

const work = mkdtempSync(join(tmpdir(), "maestro-conformance-"));
const public_root = join(work, "public-good.json");
beforeAll(() => writeFileSync(public_root, publicRoot()));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const sealed = (): string[] => [unshare.path(), ...(process.getuid?.() === 0 ? ["-n"] : ["-rn"])];
const wanted = (name: string): "accept" | "refuse" => (name.endsWith("_fail") ? "refuse" : "accept");
const ours = new Map<string, string>();

async function verdict(name: string, what: "file" | "digest"): Promise<"accept" | "refuse" | "neither"> {
  const { bundle, artifact, trusted_root, key, identity, issuer } = caseFiles(name, CASES);
  const who = key === null ? ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer] : ["--key", key];
  const about = what === "file" ? artifact : `sha256:${createHash("sha256").update(readFileSync(artifact)).digest("hex")}`;
  // In the order the suite gives them.
  const { code, stderr } = await run([...sealed(), process.execPath, CLI, "verify-bundle", "--bundle", bundle, ...who, "--trusted-root", trusted_root ?? public_root, about]);
  ours.set(name, code === 0 ? "accept" : stderr.trim());
  // A refusal names its rule; a crash is neither.
  return code === 0 ? "accept" : code === 1 && /^FAILED {2}[a-z]+\.[a-z]+: /.test(stderr) ? "refuse" : "neither";
}

for (const what of ["file", "digest"] as const) {
  accepts({ name: "sigstore-conformance", version: "a73de49" }, `every case gets the verdict its name asks for, by ${what}, without a network`, async () => {
    const names = caseNames(CASES);
    expect(names.length).toBe(CASES_COUNT);
    const said: Record<string, string> = {};
    for (const name of names) said[name] = await verdict(name, what);
    expect(said).toEqual(Object.fromEntries(names.map((name) => [name, wanted(name)])));
  });
}

/** Cases that sigstore-go of this version decides otherwise than their names ask, each with what it says. */
const PEER_DIFFERS: Readonly<Record<string, string>> = {};

accepts({ name: "sigstore-go", version: SIGSTORE_GO }, "says the same of every case but those named here", async () => {
  const names = caseNames(CASES);
  const questions = names.map((name) => {
    const { bundle, artifact, trusted_root, key, identity, issuer } = caseFiles(name, CASES);
    return { Name: name, Bundle: bundle, Artifact: artifact, Root: trusted_root ?? public_root, Key: key ?? "", Identity: identity, Issuer: issuer };
  });
  const list = join(work, "questions.json");
  writeFileSync(list, JSON.stringify(questions));
  const lines = (await output([...sealed(), peer.path(), list])).trim().split("\n");
  const theirs = new Map(lines.map((line) => [line.split("\t")[0] ?? "", line.split("\t")[1] ?? ""]));
  const differs: Record<string, string> = {};
  for (const name of names) {
    const said = theirs.get(name) === "ok" ? "accept" : "refuse";
    if (said !== wanted(name)) differs[name] = theirs.get(name) ?? "nothing";
    process.stdout.write(`| ${name} | ${wanted(name)} | ${ours.get(name) ?? "not asked"} | ${theirs.get(name) ?? "nothing"} |\n`);
  }
  expect(Object.keys(differs).sort()).toEqual(Object.keys(PEER_DIFFERS).sort());
});
