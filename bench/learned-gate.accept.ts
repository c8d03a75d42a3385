/**
 * A policy from nothing to where it decides, in one run: decisions over the socket, a candidate, four gates, and what the operator does.
 * Each step's evidence in the hands of other people's programs: DuckDB counts the episodes and comes to the report's estimates, cosign,
 * securesystemslib, in-toto's own package and Go's Merkle code take the statement; and each refuses what is wrong. And the page that tells a newcomer.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decideAll, HOST, ROUTER } from "../daemon/cli/demo/routed.ts";
import { stepsOf } from "../daemon/e2e/testing/page-steps.ts";
import { type GateDocument, type Ran, until, World } from "../daemon/e2e/testing/world.ts";
import type { Source } from "../daemon/platform/git/testing/scratch.ts";
import { newSigner } from "../daemon/testing/evidence.ts";
import { CLI, MAESTROD } from "../daemon/testing/programs.ts";
import { canonicalNumbers } from "../proto/canonical.ts";
import type { HostConfig } from "../proto/config.ts";
import type { EvaluationReport } from "../proto/evaluation.ts";
import { EVALUATION_PREDICATE } from "../proto/predicates/derived.ts";
import type { EvaluationStatement } from "../proto/predicates/evaluation.ts";
import { MARKET_PREDICATE } from "../proto/predicates/market-type.ts";
import type { RoutingPolicy } from "../proto/routing-policy.ts";
import { accepts, type Ended, output, run } from "./rig/accepts.ts";
import { cosign, duckdb, inTotoAttestation, receiptcheck, securesystemslib } from "./rig/tools.ts";

const [cosignTool, receipts, dsse, statements, duck] = await Promise.all([cosign(), receiptcheck(), securesystemslib(), inTotoAttestation(), duckdb()]);
const PEERS = join(import.meta.dir, "peers");
const PATH = "routing/review.json";
const CONFIG = `version: 1\nlearned: [{path: ${PATH}, router: ${ROUTER}}]\n`;
/** As many as `maestro demo learn` has, and for the same reason: which arms are drawn is chance, and the answers must not be. */
const FEW = 16;
const MANY = 4_000;

/** On a machine that is busy with others, too. */
const DEADLINE_MS = 600_000;

/** What is asked about each of the four changes. */
const TOLD = {
  early: { exit: 3, verdict: "hold", says: "insufficient" },
  admitted: { exit: 0, verdict: "admit", says: "promote" },
  harmful: { exit: 1, verdict: "refuse", says: "reject" },
  nowhere: { exit: 3, verdict: "hold", says: "insufficient" },
} as const;
type Name = keyof typeof TOLD;
const NAMES = Object.keys(TOLD) as Name[];

const world = new World();
const config = world.path("host.json");
/** The episodes of the run are what its slots were used by. */
const PRICED: HostConfig = { ...HOST, market: { slot_s: 1, method: "adagrad", step_max: 0.25, window_slots: 360, resources: [{ resource: "usd_micro", capacity: 50_000, price_max: 4 }] } };
const stranger = world.path("stranger");
const keys = world.path("stranger-keys");
const policyFile = world.path("review.policy.json");
const gates = new Map<Name, GateDocument & { readonly code: number }>();
let source: Source;
let pem = "";
let vkey = "";
let decides: readonly Decided[] = [];

const at = (name: Name, file: string): string => join(stranger, name, file);
const text = (name: Name, file: string): string => readFileSync(at(name, file), "utf8");
const bundleOf = (name: Name) => JSON.parse(text(name, "evaluation-review.sigstore.json")) as { dsseEnvelope: { payload: string } };
const said = (name: Name) => JSON.parse(Buffer.from(bundleOf(name).dsseEnvelope.payload, "base64").toString()) as EvaluationStatement;
const reportOf = (name: Name) => JSON.parse(text(name, "document-learning_review.json")) as EvaluationReport;

async function must(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await world.run(args);
  if (code !== 0) throw new Error(`maestro ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

/** The change is gated, and what a stranger would be handed lies in a folder of its name. */
async function gated(name: Name, message: string, policy: string): Promise<void> {
  await source.commit({ [PATH]: policy }, message);
  const gate = await world.judged(source, ["--target", "main"]);
  gates.set(name, gate);
  await must(["verify", gate.bundle, "--trust", join(world.state_dir, "trust.json"), "--extract", world.path(`out-${name}`), "--artifact", source.path]);
  cpSync(world.path(`out-${name}`), join(stranger, name), { recursive: true });
  writeFileSync(at(name, "policy.json"), policy);
  await must(["learn", "export", ROUTER, "--split", "safety", "--out", at(name, "episodes")]);
}

async function fitted(name: string, count_min: number): Promise<string> {
  await must(["learn", "fit", ROUTER, "--out", world.path(name), "--count-min", String(count_min)]);
  return readFileSync(world.path(name), "utf8");
}

/** A table in which one arm is the best of each place. */
function favouring(policy: string, best: (place: number) => string): string {
  const document = JSON.parse(policy) as RoutingPolicy;
  const cells = document.cells.map((cell) => ({ ...cell, seen: ["large", "small", "deploy"].map((arm) => ({ arm, count: 1_000, mean: arm === best(cell.at[0] ?? 0) ? 1 : 0 })) }));
  return `${canonicalNumbers({ ...document, cells })}\n`;
}

interface Decided {
  readonly policy: string | null;
  readonly shares: Readonly<Record<string, number>>;
  /** Drawn again from what is on record. */
  readonly same: boolean | undefined;
}

/** Who answers a request about documents just now. */
async function decided(): Promise<Decided> {
  const { episode, eligible } = await world.client.route({ router: ROUTER, context: { kind: "documents" } });
  const { replay } = await world.client.route({ replay: episode });
  return { policy: (await world.client.learning()).routers[0]?.policy ?? null, shares: Object.fromEntries(eligible.map(({ arm, propensity }) => [arm, propensity])), same: replay?.same };
}

/** The operator puts the admitted file where the daemon reads it. */
async function deployed(policy: string, pid: number): Promise<Decided[]> {
  const before = await decided();
  writeFileSync(policyFile, policy, { mode: 0o600 });
  const { routers = [] } = HOST;
  writeFileSync(config, JSON.stringify({ ...PRICED, routers: routers.map((router) => ({ ...router, policy_file: policyFile })) }));
  process.kill(pid, "SIGHUP");
  await until(async () => (await world.client.learning()).routers[0]?.policy !== null);
  return [before, await decided()];
}

beforeAll(async () => {
  writeFileSync(config, JSON.stringify(PRICED));
  const daemon = await world.daemon(["--config", config]);
  source = await world.repository({ "maestro.yaml": CONFIG, "README.md": "a\n" });
  source.git("switch", "-qc", "change");
  mkdirSync(stranger);
  await decideAll(world.client, FEW);
  // With so few a fitted table may have any cells; this one is right, and still nobody can know it.
  const early = JSON.parse(await fitted("early.json", 1)) as RoutingPolicy;
  const places: Pick<RoutingPolicy, "buckets" | "cells"> = { buckets: [{ field: "kind", values: ["bug", "documents"] }], cells: [0, 1].map((at) => ({ at: [at], seen: [] })) };
  await gated("early", "route by what was learned", favouring(JSON.stringify({ ...early, ...places }), (place) => (place === 0 ? "large" : "small")));
  await decideAll(world.client, MANY);
  const policy = await fitted("policy.json", 30);
  await gated("admitted", "route by what was learned since", policy);
  source.git("branch", "-qf", "main", "change");
  await gated("harmful", "the other way round", favouring(policy, (place) => (place === 0 ? "small" : "large")));
  source.git("switch", "-q", "-C", "nowhere", "main");
  await gated("nowhere", "deploy at once", favouring(policy, () => "deploy"));
  decides = await deployed(policy, daemon.pid);
  await must(["market", "certify", "--out", join(stranger, "market.sigstore.json")]);
  await must(["trust", "export", "--out", keys, join(world.state_dir, "trust.json")]);
  [pem = "", vkey = ""] = [/^gate-.*\.pem$/, /^log-.*\.vkey$/].map((pattern) => join(keys, readdirSync(keys).find((file) => pattern.test(file)) ?? ""));
}, DEADLINE_MS);
afterAll(() => world.dispose());

const python = async (packages: string, args: readonly string[]): Promise<Ended> => run(["python3", ...args], { env: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" } });

describe("episodes and the evaluation", () => {
  accepts(duck, "each verdict is the one that was told, and counts the episodes of the safety half and comes to their estimates, in DuckDB as in the report", async () => {
    for (const name of NAMES) {
      const { exit, verdict, says } = TOLD[name];
      const gate = gates.get(name);
      const report = reportOf(name);
      expect([gate?.code, gate?.verdict, report.verdict, said(name).predicate.verdict]).toEqual([exit, verdict, says, says]);
      const { rows, ips, gain_ips, candidate } = JSON.parse(await output(["python3", join(PEERS, "learnedcheck.py"), duck.path(), at(name, "episodes"), at(name, "policy.json")])) as Record<"rows" | "ips" | "gain_ips", number> & { readonly candidate: string };
      const estimate = (which: string): number => report.estimates.find(({ estimator }) => estimator === which)?.value ?? Number.NaN;
      expect([report.support.rows, report.candidate]).toEqual([rows, candidate]);
      // Where the policy goes to an arm that was never drawn, what is not there has no estimate.
      if (name !== "nowhere") expect([Math.abs(estimate("ips") - ips) < 1e-12, Math.abs(estimate("gain_ips") - gain_ips) < 1e-12]).toEqual([true, true]);
    }
  });
});

describe("the statement of each gate", () => {
  const cosigned = (name: Name, bundle = at(name, "evaluation-review.sigstore.json"), artifact = at(name, "merged-tree.listing"), type = EVALUATION_PREDICATE): Promise<Ended> =>
    run([cosignTool.path(), "verify-blob-attestation", "--key", pem, "--trusted-root", join(keys, "trusted_root.json"), "--bundle", bundle, "--type", type, artifact], { env: { HOME: stranger } });
  const rewritten = (name: Name): string => {
    const bundle = bundleOf(name);
    const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replace(/"verdict":"\w+"/, '"verdict":"promote"');
    bundle.dsseEnvelope.payload = Buffer.from(payload).toString("base64");
    writeFileSync(at(name, "rewritten.sigstore.json"), JSON.stringify(bundle));
    return at(name, "rewritten.sigstore.json");
  };
  accepts(cosignTool, "verifies over the tree that was judged, without a network; not over another change's, and not once a rejection says promote", async () => {
    for (const name of NAMES) expect(await cosigned(name)).toMatchObject({ code: 0, stderr: expect.stringContaining("Verified OK") });
    const wrong = await Promise.all([cosigned("harmful", rewritten("harmful")), cosigned("harmful", at("admitted", "evaluation-review.sigstore.json")), cosigned("early", undefined, at("admitted", "merged-tree.listing")), cosigned("admitted", undefined, undefined, "https://slsa.dev/provenance/v1")]);
    expect(wrong.map(({ code }) => code === 0)).toEqual([false, false, false, false]);
  });
  accepts(dsse, "its envelope is signed by this node's key and by no other", async () => {
    const other = newSigner("ecdsa-p256-sha256");
    writeFileSync(join(keys, "other.pem"), `-----BEGIN PUBLIC KEY-----\n${Buffer.from(other.key.spki).toString("base64")}\n-----END PUBLIC KEY-----\n`);
    const checked = (key: string, bundle: string) => python(dsse.path(), [join(PEERS, "dsse_check.py"), "dsse", key, bundle]);
    for (const name of NAMES) expect(await checked(pem, at(name, "evaluation-review.sigstore.json"))).toMatchObject({ code: 0, stdout: expect.stringContaining("verified by") });
    expect((await checked(join(keys, "other.pem"), at("admitted", "evaluation-review.sigstore.json"))).code).not.toBe(0);
    expect((await checked(pem, rewritten("nowhere"))).code).not.toBe(0);
  });
  accepts(statements, "is a statement of in-toto v1 about that tree, and names the report beside it by its digest", async () => {
    for (const name of NAMES) {
      const checked = await python(statements.path(), [join(PEERS, "dsse_check.py"), "statement", at(name, "evaluation-review.sigstore.json"), at(name, "merged-tree.listing")]);
      expect(checked).toMatchObject({ code: 0, stdout: `${EVALUATION_PREDICATE} \n` });
      expect((await output(["sha256sum", at(name, "document-learning_review.json")])).split(" ")[0]).toBe(said(name).predicate.report.digest.sha256);
    }
  });
  accepts(receipts, "is in the node's log by other people's Merkle code; another gate's receipt is none", async () => {
    const checked = (proof: Name, entry: Name): Promise<Ended> => run([receipts.path(), vkey, at(proof, "evaluation-review.tlog-proof"), at(entry, "evaluation-review.entry")]);
    for (const name of NAMES) expect(await checked(name, name)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^entry \d+ of \d+ in log\./) });
    expect((await checked("admitted", "harmful")).code).toBe(1);
  });
});

accepts(cosignTool, "the market's certificate of the run verifies over the digest of its slots, without a network; not over another, and not with another regret", async () => {
  const file = join(stranger, "market.sigstore.json");
  const bundle = JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof bundleOf>;
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  const { subject: [slots] } = JSON.parse(payload) as { readonly subject: readonly { readonly digest: { readonly sha256: string } }[] };
  const checked = (path: string, digest = slots?.digest.sha256 ?? ""): Promise<Ended> =>
    run([cosignTool.path(), "verify-blob-attestation", "--key", pem, "--trusted-root", join(keys, "trusted_root.json"), "--bundle", path, "--type", MARKET_PREDICATE, "--digest", digest, "--digestAlg", "sha256"], { env: { HOME: stranger } });
  expect(await checked(file)).toMatchObject({ code: 0, stderr: expect.stringContaining("Verified OK") });
  bundle.dsseEnvelope.payload = Buffer.from(payload.replace(/"regret_usd_micro":-?\d+/, '"regret_usd_micro":-1000000')).toString("base64");
  writeFileSync(join(stranger, "rewritten-market.sigstore.json"), JSON.stringify(bundle));
  expect([(await checked(file, "0".repeat(64))).code === 0, (await checked(join(stranger, "rewritten-market.sigstore.json"))).code === 0]).toEqual([false, false]);
});

test("promotion: once the operator named the file, what decides is the candidate of the statement that was admitted, by its digest, and the small model reviews documents", () => {
  const { candidate } = reportOf("admitted");
  expect(decides).toEqual([
    { policy: null, shares: { large: 0.75, small: 0.25, deploy: 0 }, same: true },
    { policy: candidate, shares: { large: 0.25, small: 0.75, deploy: 0 }, same: true },
  ]);
});

/** What is refused or too early, of all that is typed. */
const EXPECTED: Readonly<Record<string, number>> = { "maestro learn eval early.json": 3, "maestro gate app --target main --out refused.json": 1 };

accepts(statements, "docs/first-policy.md, typed by somebody who believes it: every command ends as the page says, and the policy decides", async () => {
  const own = new World();
  try {
    const folder = own.path("try");
    for (const [name, program] of [["maestro", CLI], ["maestrod", MAESTROD]] as const) {
      mkdirSync(own.path("bin"), { recursive: true });
      writeFileSync(join(own.path("bin"), name), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 });
    }
    mkdirSync(folder);
    const env = { HOME: own.home, XDG_STATE_HOME: own.path("state"), MAESTRO_CONFIG: own.path("none.yaml"), LANG: "C.UTF-8", PATH: `${own.path("bin")}:${dirname(Bun.which("python3") ?? "")}:/usr/local/bin:/usr/bin:/bin`, PYTHONPATH: join(import.meta.dir, "../daemon/client/python"), PYTHONDONTWRITEBYTECODE: "1", GIT_CONFIG_COUNT: "2", GIT_CONFIG_KEY_0: "user.name", GIT_CONFIG_VALUE_0: "Ada", GIT_CONFIG_KEY_1: "user.email", GIT_CONFIG_VALUE_1: "ada@example.org" };
    const seen = new Map<string, Ran>();
    for (const step of stepsOf(readFileSync(join(import.meta.dir, "../docs/first-policy.md"), "utf8"))) {
      if ("path" in step) {
        mkdirSync(dirname(join(folder, step.path)), { recursive: true });
        writeFileSync(join(folder, step.path), step.text);
        continue;
      }
      const child = Bun.spawn(["sh", "-c", step.command], { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      expect([step.command, code, stderr]).toEqual([step.command, EXPECTED[step.command] ?? 0, stderr]);
      seen.set(step.command, { code, stdout, stderr });
    }
    const out = (command: string): string => seen.get(command)?.stdout ?? "";
    expect(out("maestro learn eval early.json")).toStartWith("insufficient support");
    expect(out("maestro learn eval candidate.json --out report")).toStartWith("promote");
    expect(out("maestro gate app --target main --out admitted.json")).toStartWith("ADMIT");
    expect(out("maestro learn status")).toMatch(/^review: policy [0-9a-f]{12}, baseline large;/);
    expect(out("maestro gate app --target main --out refused.json")).toContain("learning.rejected");
  } finally {
    await own.dispose();
  }
}, DEADLINE_MS);
