/** Releases under the operator's authority: the branch is what the remote holds, the tenant's verbs decide who may, a witness cosigns, and the artifact was built here. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, copyFileSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROVENANCE_PREDICATE } from "../../proto/build.ts";
import type { DeployPolicy, DeployVerdict } from "../../proto/deploy.ts";
import type { ShipmentStatement } from "../../proto/predicates/shipping.ts";
import type { TrustBody } from "../../proto/trust.ts";
import { artifactAt } from "../cli/artifact-file.ts";
import { evidenceBeside } from "../cli/deploy-evidence.ts";
import { signerFromPem } from "../evidence/keys/signer.ts";
import { signTrust, trustFileBytes } from "../evidence/keys/trust.ts";
import { skipWithout } from "../testing/skip.ts";
import { judgeDeploy } from "../verifier/deploy/release.ts";
import { openTrust } from "../verifier/index.ts";
import { Operated, ROW } from "./testing/operated.ts";
import { CI_USER, giveToUser, Users } from "./testing/users.ts";
import { begin } from "./testing/witnesses.ts";
import { oneDocument, until, World, type Ran } from "./testing/world.ts";

// Dozens of processes one after another.
setDefaultTimeout(300_000);
const skipped = skipWithout(process.getuid?.() === 0 && Bun.which("setpriv") !== null && Bun.which("bwrap") !== null, "releases in mode host: needs root, setpriv and bubblewrap");
/** A job that gates, and one that releases. */
const SHIP_USER = 65_533;
const BUILD = `builds: { app: { run: [sh, -c, "cat src/*.ts > /scratch/app.tar"], outputs: [app.tar] } }\n`;
const HOST: DeployPolicy = { version: 1, repositories: [ROW], target_refs: ["refs/heads/main"], trust_domains: ["ci.example.org"] };
const BUILT: DeployPolicy = { ...HOST, slsa_level_min: 2, builders: ["urn:maestro:builder:ci.example.org:host"], witnesses_min: 1 };

let operated: Operated;
let peer: World;
let users: Users;
/** Where everything of this file begins. */
let from: string;

const main = (): string => operated.upstream.git("rev-parse", "HEAD");

async function witnessed(world: World): Promise<readonly string[]> {
  const log = readFileSync(join(world.state_dir, "log/log.vkey"), "utf8").trim();
  await begin(peer, `witness: { name: witness.example/a, logs: [${JSON.stringify(log)}] }\n`);
  return ["--witness", (await peer.client.witnesses()).own?.key ?? "", "--quorum", "1"];
}

beforeAll(async () => {
  if (skipped) return;
  peer = new World();
  let key = "";
  operated = await Operated.start({
    row: { target_refs: "[refs/heads/main, refs/heads/gone]" },
    sign: async (world) => {
      const args = await witnessed(world);
      key = args[1] ?? "";
      return args;
    },
    more: (world) => {
      users = new Users(world, [CI_USER, SHIP_USER]);
      // The first line belongs to `limits`, which stands above.
      return `  witness: {cosign_debounce_ms: 5, cosign_backoff_ms: 20}
${BUILD}witnesses: [{ name: a, url: "unix:${peer.socket_path}", vkey: ${JSON.stringify(key)} }]
tenants:
  - { id: agents, uids: [${CI_USER}], repositories: ["${ROW}"] }
  - { id: releases, uids: [${SHIP_USER}], repositories: ["${ROW}"], verbs: [gate, read, inspect, ship] }
sockets:
  - { path: ${users.socket_path}, role: gate, mode: "0666" }
  - { path: ${world.socket_path}, role: admin }
`;
    },
  });
  chmodSync(operated.world.path("trust.json"), 0o644);
  from = main();
});
afterAll(async () => {
  if (skipped) return;
  await operated[Symbol.asyncDispose]();
  await peer.dispose();
});

/** A contributor's change, admitted; then squashed onto the code host's branch by a maintainer. */
async function landed(name: string, ...how: readonly string[]): Promise<string> {
  const { world, upstream } = operated;
  const clone = await operated.clone(name, { [`src/${name}.ts`]: `export const ${name} = 1;\n` });
  expect((await world.judged(clone, how)).card).toMatchObject({ verdict: "admit", mode: how.includes("--fork") ? "fork" : "host" });
  upstream.git("fetch", "-q", clone.path, "change");
  upstream.git("merge", "-q", "--squash", "FETCH_HEAD");
  upstream.git("commit", "-q", "-m", `${name}, squashed`);
  upstream.git("push", "-q", "origin", "HEAD:main");
  return main();
}

function file(name: string, content: string): string {
  const path = operated.world.path(name);
  writeFileSync(path, content);
  return path;
}

const release = (artifact: string, range: string, ...more: readonly string[]): Promise<Ran> => operated.world.run(["release", artifact, "--changes", range, "--repo", operated.upstream.path, "--target", "main", "--repository", ROW, "--json", ...more]);

/** As a job of another user of the machine asks, from a clone of its own. */
async function byJob(uid: number, artifact: string, range: string): Promise<Ran> {
  const [home, clone] = [users.home(uid), join(users.home(uid), "clone")];
  operated.upstream.git("clone", "-q", operated.remote, clone);
  copyFileSync(artifact, join(home, "app.tar"));
  giveToUser(home, uid);
  return users.run(uid, ["release", join(home, "app.tar"), "--changes", range, "--repo", clone, "--json"]);
}

interface Released {
  readonly shipment_id: string;
  readonly notes: readonly string[];
  readonly statement: ShipmentStatement;
}

function released(ran: Ran): Released {
  if (ran.code !== 0) throw new Error(`${ran.stdout}${ran.stderr}`);
  return oneDocument(ran) as Released;
}

/** What `maestro verify-deploy` answers under the operator's trust file: the verdict with the codes of its reasons. */
async function deployed(artifact: string, policy: DeployPolicy, { provenance, trust_path = operated.world.path("trust.json") }: { readonly provenance?: string; readonly trust_path?: string } = {}): Promise<readonly [result: DeployVerdict["result"], ...codes: string[]]> {
  const trust = openTrust(readFileSync(trust_path));
  if (!trust.ok) throw new Error(trust.reason.detail);
  const now = new Date();
  const { result, reasons } = judgeDeploy(policy, evidenceBeside(await artifactAt(artifact), { path: artifact, release: undefined, provenance, bundles: [] }, trust.value, now), now);
  return [result, ...reasons.map(({ code }) => code)];
}

/** The operator's trust file signed anew, in which the node may attest no build any more. */
function withoutBuilds(): string {
  const { world } = operated;
  const { body } = JSON.parse(readFileSync(world.path("trust.json"), "utf8")) as { readonly body: TrustBody };
  const keys = body.keys.map((key) => ({ ...key, predicate_types: key.predicate_types.filter((type) => type !== PROVENANCE_PREDICATE) }));
  const root = signerFromPem("ed25519", readFileSync(world.path("root.pem"), "utf8"), "root.pem");
  const path = world.path("without-builds.json");
  writeFileSync(path, trustFileBytes(signTrust({ ...body, keys }, root)));
  return path;
}

/** The same by the command line. */
async function commanded(artifact: string, policy: DeployPolicy): Promise<Ran> {
  return operated.world.run(["verify-deploy", artifact, "--policy", file("deploy.json", JSON.stringify(policy)), "--trust", operated.world.path("trust.json")]);
}

/** The release once more, when its witness has seen all of the log. */
async function fetchedAgain(shipment_id: string, artifact: string): Promise<string> {
  const { world } = operated;
  const { size } = (await world.status()).log;
  await until(async () => ((await world.client.witnesses()).witnessed?.size ?? 0) >= size);
  const out = world.path(`again-${shipment_id}`);
  expect((await world.run(["release", shipment_id, "--out", out])).code).toBe(0);
  const copy = join(out, artifact.slice(artifact.lastIndexOf("/") + 1));
  copyFileSync(artifact, copy);
  return copy;
}

describe.skipIf(skipped)("a release in mode host", () => {
  test("is of what the remote holds, built here, and passes once its gates, its provenance and itself were witnessed; anything swapped or absent is named", async () => {
    const { world, upstream } = operated;
    await landed("one");
    const tip = await landed("two");
    const [out, elsewhere] = [world.path("built"), world.path("elsewhere")];
    const build = (folder: string, ...more: readonly string[]) => world.run(["build", "app", "--target", "main", "--out", folder, ...more], { cwd: upstream.path });
    const artifact = join(out, "app.tar");
    // The same bytes, built of a repository that goes by another name: no provenance of this one's.
    expect((await build(elsewhere, "--local")).code).toBe(0);
    const unbuilt = released(await byJob(SHIP_USER, join(elsewhere, "app.tar"), `${from}..${tip}`));
    expect([unbuilt.statement.predicate.provenance, unbuilt.notes.some((note) => note.includes("made of"))]).toEqual([null, true]);
    expect((await build(out, "--repository", ROW)).code).toBe(0);
    expect(readFileSync(artifact, "utf8")).toBe(readFileSync(join(elsewhere, "app.tar"), "utf8"));
    const { shipment_id, statement } = released(await release(artifact, `${from}..${tip}`));
    expect(statement.predicate).toMatchObject({ mode: "host", repository: ROW, on_target: "tip", steps: [{ how: "squash" }, { how: "squash" }], provenance: { build_id: expect.stringMatching(/^build-/) } });
    // What was signed a moment ago nobody can have cosigned.
    expect(await deployed(artifact, HOST)).toEqual(["refuse", "release.invalid"]);
    const copy = await fetchedAgain(shipment_id, artifact);
    const provenance = `${copy}.provenance.sigstore.json`;
    expect(await commanded(copy, BUILT)).toMatchObject({ code: 0, stdout: expect.stringContaining("PASS") });
    expect(await deployed(copy, { ...BUILT, slsa_level_min: 3 })).toEqual(["refuse", "provenance.level"]);
    expect(await deployed(copy, { ...BUILT, builders: ["urn:maestro:builder:ci.example.org:local"] })).toEqual(["refuse", "provenance.builder"]);
    expect(await deployed(copy, BUILT, { provenance: join(elsewhere, "app.provenance.sigstore.json") })).toEqual(["refuse", "provenance.invalid"]);
    expect(await deployed(copy, BUILT, { trust_path: withoutBuilds() })).toEqual(["refuse", "provenance.invalid"]);
    renameSync(provenance, `${provenance}.aside`);
    expect(await deployed(copy, BUILT)).toEqual(["refuse", "provenance.missing"]);
    renameSync(`${provenance}.aside`, provenance);
    const swapped = world.path("again-swapped/app.tar");
    cpSync(copy.slice(0, copy.lastIndexOf("/")), world.path("again-swapped"), { recursive: true });
    writeFileSync(swapped, "other bytes");
    expect(await deployed(swapped, BUILT)).toEqual(["refuse", "release.invalid"]);
    rmSync(`${copy}.evidence`, { recursive: true });
    expect(await deployed(copy, BUILT)).toEqual(["refuse", "gate.missing", "gate.missing"]);
  });

  test("attack: an agent's job, which may have changes judged, asks for what a releasing job was given", async () => {
    const ran = await byJob(CI_USER, file("agent.tar", "an agent's"), `..${main()}`);
    expect([ran.code, ran.stdout]).toEqual([4, expect.stringContaining("auth.denied")]);
  });

  test("attack: a commit that the remote does not have, a branch that it does not have, and one that is no target; the caller's own word is another mode", async () => {
    const { upstream } = operated;
    const artifact = file("own.tar", "own");
    const own = await upstream.commit({ "src/own.ts": "export const own = 1;\n" }, "never pushed");
    const tip = upstream.git("rev-parse", "HEAD~1");
    const ahead = await release(artifact, `..${own}`);
    expect([ahead.code, ahead.stdout]).toEqual([1, expect.stringContaining("is not on refs/heads/main as the operator's remote has it")]);
    for (const [branch, code, says] of [["loose", 4, "target_refs"], ["gone", 2, "request.not_found"]] as const) {
      upstream.git("branch", branch, tip);
      const ran = await operated.world.run(["release", artifact, "--changes", `..${tip}`, "--repo", upstream.path, "--target", branch, "--repository", ROW, "--json"]);
      expect([branch, ran.code, ran.stdout]).toEqual([branch, code, expect.stringContaining(says)]);
    }
    upstream.git("reset", "-q", "--hard", tip);
    // By the caller's word it is another repository, which was never gated.
    const claimed = await operated.world.run(["release", artifact, "--changes", `..${tip}`, "--repo", upstream.path, "--target", "main", "--local", "--json"]);
    expect([claimed.code, claimed.stdout]).toEqual([1, expect.stringContaining('"cause":"commits.uncovered"')]);
  });
});

describe.skipIf(skipped)("a release in mode fork", () => {
  test("says so, and takes a stranger's admits; a policy that wants mode host refuses it, and the gates of it", async () => {
    const before = main();
    const tip = await landed("stranger", "--fork");
    const artifact = file("fork.tar", "of a stranger");
    const { shipment_id, statement } = released(await release(artifact, `${before}..${tip}`, "--fork"));
    expect(statement.predicate).toMatchObject({ mode: "fork", repository: ROW, on_target: "tip" });
    const copy = await fetchedAgain(shipment_id, artifact);
    expect(await deployed(copy, HOST)).toEqual(["pass"]);
    expect(await deployed(copy, { ...HOST, modes: ["host"] })).toEqual(["refuse", "mode", "mode"]);
  });
});
