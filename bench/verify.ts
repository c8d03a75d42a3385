/** Verifying one evidence bundle, in this process and from a cold start, and what an append to the log costs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { createEvidence } from "../daemon/evidence/index.ts";
import { openKeys } from "../daemon/evidence/keys/index.ts";
import { openLog } from "../daemon/evidence/log/index.ts";
import { systemClock } from "../daemon/platform/clock.ts";
import { openStore } from "../daemon/store/db.ts";
import { attestationFiles } from "../daemon/cli/export/attestations.ts";
import { writeFolder } from "../daemon/cli/export/folder.ts";
import { trustFiles } from "../daemon/cli/export/trust-files.ts";
import { recordInput, SAMPLE_IDENTITY } from "../daemon/testing/evidence.ts";
import { openTrust, verifyBundle } from "../daemon/verifier/index.ts";
import { OBLIGATIONS_PREDICATE } from "../proto/attestation.ts";
import { StoreLimits } from "../proto/config.ts";
import { type Bench, percentiles, type PrintFigure } from "./figure.ts";
import { cosign } from "./rig/tools.ts";

const VERIFICATIONS = 100;
const COLD_RUNS = 10;
const RECORDS = 100;
const APPENDS = 200;

const projection_failed = (error: unknown): void => {
  process.stderr.write(`the log's files were not written: ${String(error)}\n`);
};

function storeIn(state_dir: string) {
  const fatal = (reason: unknown): never => {
    throw reason;
  };
  return openStore({ state_dir, limits: Value.Create(StoreLimits), fatal });
}

/** A whole verdict: leaves, signature, log entry, bundle, our own verification of it, and the disk. */
async function benchRecords(figure: PrintFigure, state_dir: string): Promise<{ bundle: Uint8Array; trust: Uint8Array }> {
  const store = storeIn(state_dir);
  const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", clock: systemClock, time_froze: projection_failed, projection_failed });
  const { bundle } = await evidence.record(recordInput(evidence.trust_domain, 1), () => undefined);
  const { p50, p99 } = await percentiles(RECORDS, (i) => evidence.record(recordInput(evidence.trust_domain, i + 2), () => undefined));
  figure({ figure: "one verdict into evidence, durable, p50", value: p50, unit: "ms", better: "less" });
  figure({ figure: "one verdict into evidence, durable, p99", value: p99, unit: "ms", better: "less" });
  await evidence.published();
  await store.close();
  return { bundle, trust: evidence.trust_bytes };
}

async function benchAppends(figure: PrintFigure, state_dir: string): Promise<void> {
  const keys = openKeys({ state_dir, now: new Date(), trust_domain: null });
  const store = storeIn(state_dir);
  const log = await openLog({ store, state_dir, key: keys.log_note, sign: keys.log.sign, projection_failed });
  const entry = (i: number): Uint8Array => new Uint8Array(700).fill(i & 255, 0, 350).fill((i >> 8) & 255, 350);
  for (let size = 0; size < 70_000; size += 1000) await log.append(Array.from({ length: 1000 }, (_, i) => entry(size + i)), 1, () => undefined);
  await log.published();
  const { p50, p99 } = await percentiles(APPENDS, (i) => log.append([entry(i)], 1, () => undefined));
  const note = "checkpoint signed, one transaction, flushed; at 70,000 entries";
  figure({ figure: "append one entry to the log, durable, p50", value: p50, unit: "ms", better: "less", note });
  figure({ figure: "append one entry to the log, durable, p99", value: p99, unit: "ms", better: "less", goal: { value: 5 }, note });
  const receipts = await percentiles(APPENDS, (i) => log.receipt((i * 347) % 70_000));
  figure({ figure: "inclusion proof of an old entry at 70,000 entries, p50", value: receipts.p50, unit: "ms", better: "less" });
  await log.published();
  await store.close();
  const reopening = performance.now();
  const again = storeIn(state_dir);
  const reopened = await openLog({ store: again, state_dir, key: keys.log_note, sign: keys.log.sign, projection_failed });
  figure({ figure: "open and check a log of 70,200 entries", value: performance.now() - reopening, unit: "ms", better: "less" });
  await reopened.published();
  await again.close();
}

/** Cosign over the same bundle's obligations with the same keys, by the digest that stands for its file. */
async function benchCosign(work: string, bundle: Uint8Array, trust: Uint8Array): Promise<{ readonly name: string; readonly value: number }> {
  const { name, version, path } = await cosign();
  const opened = openTrust(trust);
  if (!opened.ok) throw new Error(opened.reason.detail);
  const keys = trustFiles(trust, opened.value);
  const folder = join(work, "files");
  writeFolder(folder, new Map([...keys.files, ...attestationFiles(bundle, verifyBundle(bundle, trust, { now: new Date() }))]));
  const subject = ["--type", OBLIGATIONS_PREDICATE, "--digest", SAMPLE_IDENTITY.tree_sha256 ?? "", "--digestAlg", "sha256"];
  const argv = [path(), "verify-blob-attestation", "--key", keys.gates[0]?.file ?? "", "--trusted-root", "trusted_root.json", "--bundle", "obligations.sigstore.json", ...subject];
  const { p50 } = await percentiles(COLD_RUNS, () => {
    const { exitCode, stderr } = Bun.spawnSync(argv, { cwd: folder });
    if (exitCode !== 0) throw new Error(`cosign ended with ${exitCode}: ${stderr.toString()}`);
  });
  return { name: `${name} ${version}`, value: p50 };
}

async function benchVerify(figure: PrintFigure, work: string, bundle: Uint8Array, trust: Uint8Array): Promise<void> {
  const verify = (): void => {
    const { result } = verifyBundle(bundle, trust, { now: new Date() });
    if (result !== "verified") throw new Error(result);
  };
  for (let i = 0; i < 20; i++) verify();
  const warm = await percentiles(VERIFICATIONS, verify);
  const note = `${bundle.length} bytes, trust file opened each time`;
  figure({ figure: "verify a bundle in process, p50", value: warm.p50, unit: "ms", better: "less", goal: { value: 50 }, note });
  const script = join(work, "verify.ts");
  const room = join(import.meta.dir, "../daemon/verifier/index.ts");
  writeFileSync(join(work, "bundle.json"), bundle);
  writeFileSync(join(work, "trust.json"), trust);
  writeFileSync(
    script,
    `import { readFileSync } from "node:fs"; import { verifyBundle } from ${JSON.stringify(room)};
const [bundle, trust] = process.argv.slice(2).map((path) => new Uint8Array(readFileSync(path)));
process.exitCode = verifyBundle(bundle, trust, { now: new Date() }).result === "verified" ? 0 : 1;`,
  );
  const cold = await percentiles(COLD_RUNS, () => {
    const { exitCode } = Bun.spawnSync([process.execPath, script, join(work, "bundle.json"), join(work, "trust.json")]);
    if (exitCode !== 0) throw new Error(`the verifier process ended with ${exitCode}`);
  });
  const peer = await benchCosign(work, bundle, trust);
  figure({ figure: "verify a bundle, a process from start to end, p50", value: cold.p50, unit: "ms", better: "less", goal: { value: 300 }, note: `verifier alone, without the command line around it; ${peer.name} checks one statement of it, and no leaf, card or key's role`, peer });
}

export const bench: Bench = async (figure) => {
  const work = mkdtempSync(join(tmpdir(), "maestro-bench-verify-"));
  try {
    const { bundle, trust } = await benchRecords(figure, join(work, "records"));
    await benchVerify(figure, work, bundle, trust);
    await benchAppends(figure, join(work, "appends"));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};
