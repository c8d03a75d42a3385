/** Declared builds in the real sandbox over real trees: what is attested, and everything that must not be. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { BuildFailed, BuildRequest, Built } from "../../proto/build-api.ts";
import { concatBytes, fromBase64, fromUtf8Lossy } from "../../proto/encoding.ts";
import type { ProvenanceStatement } from "../../proto/predicates/provenance.ts";
import type { Intake } from "../gate/intakes.ts";
import { World } from "../testing/core.ts";
import { skipWithout } from "../testing/skip.ts";
import { buildFilePieces, readBuild } from "../store/builds.ts";
import { verifyProvenance } from "../verifier/provenance.ts";

// Real sandboxes on a busy machine.
setDefaultTimeout(120_000);

const sandboxed = skipWithout(Bun.which("bwrap") !== null, "declared builds: needs bubblewrap");

const recipe = (name: string, script: string, more = ""): string => `  ${name}:\n    run: [bash, -c, ${JSON.stringify(script)}]\n    outputs: [out/app.txt]\n${more}`;
const APP = recipe("app", 'mkdir /scratch/out && cat in.txt > /scratch/out/app.txt && echo "$SOURCE_DATE_EPOCH" >> /scratch/out/app.txt && echo built with ghp_0123456789abcdefghijABCDEFGHIJ012345 by jane@canary.example');
const TWO = recipe("two", "mkdir /scratch/out && cp in.txt /scratch/out/app.txt && head -c 8 /dev/urandom > /scratch/out/any").replace("[out/app.txt]", "[out/app.txt, out/any]");

/** What fails, and what is said of it. */
const FAILING: readonly (readonly [name: string, says: string, script: string, more: string])[] = [
  ["fails", "it ended with exit code 3", "echo so >&2; exit 3", ""],
  ["slow", "it passed wall_ms (300)", "sleep 30", "    deadline_ms: 300\n"],
  ["none", "it left no /scratch/out/app.txt", "true", ""],
  ["link", "/scratch/out/app.txt was not taken", "mkdir /scratch/out && ln -s /etc/passwd /scratch/out/app.txt", ""],
  ["reach", "it ended with exit code", "mkdir /scratch/out && exec 3<>/dev/tcp/127.0.0.1/PORT && cp in.txt /scratch/out/app.txt", ""],
];

let world: World;
let server: { readonly port: number; stop(): void };
/** Every recipe stands in one commit; the one after it brings recipes of its own. */
let base: string;
let head: string;
let intake: Intake;
beforeAll(async () => {
  world = await World.open({ limits: { build: { wall_ms: 20_000, builds_max: FAILING.length } }, builds: { house: { run: ["sh", "-c", "ls > /scratch/house"], outputs: ["house"], inputs: ["in.txt"] } } });
  server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const failing = FAILING.map(([name, , script, more]) => recipe(name, script.replace("PORT", String(server.port)), more));
  const source = world.scratch.source("built");
  base = await source.commit({ "maestro.yaml": ["version: 1\nbuilds:\n", APP, TWO, recipe("chain", "true", "    mounts: [node]\n"), ...failing].join(""), "in.txt": "one\n" }, "base");
  head = await source.commit({ "maestro.yaml": ["version: 1\nbuilds:\n", recipe("app", "mkdir /scratch/out && echo mine > /scratch/out/app.txt"), recipe("own", "true"), recipe("house", "true")].join(""), "in.txt": "two\n" }, "own recipes");
  intake = await world.received(source, [base, head]);
});
afterAll(async () => {
  server.stop();
  await world[Symbol.asyncDispose]();
});

const build = (name: string, more: Partial<BuildRequest> = {}): Promise<Built | BuildFailed> => world.core.desk.submit(intake, { intake_id: intake.id, target_ref: "refs/heads/main", target: base, commit: base, name, ...more }, () => undefined, new AbortController().signal, (_worst, work) => work(() => undefined));

function made(result: Built | BuildFailed): { built: Built; statement: ProvenanceStatement } {
  if (result.event !== "built") throw new Error(`${result.because}\n${result.log}`);
  const verified = verifyProvenance(fromBase64(result.bundle) ?? new Uint8Array(), world.core.evidence.trust, { artifact_sha256: result.row.files[0]?.sha256 ?? "", now: new Date(world.clock.now_ms()) });
  if (verified.result !== "verified") throw new Error(`${verified.reason.code}: ${verified.reason.detail}`);
  return { built: result, statement: verified.statement };
}

/** What is kept in a blob of a build's. */
async function kept(digest: string | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of buildFilePieces(world.core.artifacts, digest ?? "", 7)) pieces.push(new Uint8Array(piece));
  return concatBytes(...pieces);
}

const log = (): number => world.core.evidence.logState().size;

describe.skipIf(sandboxed)("a build that ends well", () => {
  test("leaves its outputs, and provenance of exactly these, logged and verified", async () => {
    const before = log();
    const { built, statement } = made(await build("app"));
    const [file] = built.row.files;
    const bytes = await kept(file?.blob);
    expect(fromUtf8Lossy(bytes)).toMatch(/^one\n[0-9]{9,}\n$/);
    expect(statement.subject).toEqual([{ name: "out/app.txt", digest: { sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex") } }]);
    expect([log(), world.core.artifacts.names().includes(built.row.build_id), (await readBuild(world.core.artifacts, built.row.build_id))?.row]).toEqual([before + 1, true, built.row]);
    const { buildDefinition: { externalParameters, internalParameters, resolvedDependencies }, runDetails } = statement.predicate;
    expect(externalParameters).toMatchObject({ build: "app", commit: base, recipe_ref: "refs/heads/main", ref: "refs/heads/main" });
    expect(internalParameters).toMatchObject({ mode: "local", network: "none", sandbox: "bwrap", configuration: { source: "base", commit: built.row.commit } });
    expect(runDetails.builder.id).toBe(`urn:maestro:builder:${world.core.evidence.trust_domain}:local`);
    expect(resolvedDependencies.find(({ name }) => name === "source")?.digest).toEqual({ gitCommit: built.row.commit, gitTree: expect.stringMatching(/^[0-9a-f]{40}$/), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(resolvedDependencies.find(({ name }) => name?.startsWith("program "))?.digest?.["sha256"]).toMatch(/^[0-9a-f]{64}$/);
    expect(runDetails.byproducts.map(({ name }) => name)).toEqual(["log"]);
    // What was printed is kept and shown without what looks like a credential.
    const printed = fromUtf8Lossy(await kept(built.row.log.digest));
    expect([built.log === printed, printed.includes("built with ghp_…"), printed.includes("0123456789abcdefghij"), printed.includes("by [e-mail]")]).toEqual([true, true, false, true]);
  });

  test("run twice it says which outputs a second run made otherwise", async () => {
    const { built, statement } = made(await build("two", { repeat: true }));
    const said = fromBase64(statement.predicate.runDetails.byproducts.find(({ name }) => name === "repeat")?.content ?? "") ?? new Uint8Array();
    expect([built.differing, fromUtf8Lossy(said)]).toEqual([["out/any"], '{"differing":["out/any"],"runs":2}']);
  });

  test("one of the host's is the host's, and its inputs are all it sees", async () => {
    const { built, statement } = made(await build("house"));
    const bytes = await kept(built.row.files[0]?.blob);
    expect([statement.predicate.buildDefinition.internalParameters.configuration.source, fromUtf8Lossy(bytes)]).toEqual(["host", "in.txt\n"]);
  });
});

describe.skipIf(sandboxed)("nothing is attested and nothing is on record", () => {
  test("where it fails, is late, leaves nothing, or: attack: leaves a link to somebody's file; asks a server of this machine", async () => {
    const before = world.kept();
    const results = await Promise.all(FAILING.map(([name]) => build(name)));
    expect(results.map((result) => (result.event === "failed" ? result.because : result.event))).toEqual(FAILING.map(([, says]) => expect.stringContaining(says)));
    expect(world.kept()).toEqual(before);
    expect(readdirSync(join(world.state_dir, "scratch"))).toEqual([]);
  });
});

describe.skipIf(sandboxed)("whose recipe counts", () => {
  test("attack: a commit that brings its own recipe is built by the target's", async () => {
    const { built, statement } = made(await build("app", { commit: head }));
    expect(fromUtf8Lossy(await kept(built.row.files[0]?.blob))).toStartWith("two\n");
    expect(statement.predicate.buildDefinition.internalParameters).toMatchObject({ configuration: { commit: base }, recipe: { run: ["bash", "-c", expect.stringContaining("cat in.txt")] } });
    // It never was that branch's tip, and the provenance does not say so.
    expect(statement.predicate.buildDefinition.externalParameters.ref).toBeUndefined();
  });

  test("attack: a commit declares a build that the target does not have, or redeclares the host's", async () => {
    await expect(build("own", { commit: head })).rejects.toMatchObject({ code: "request.not_found", detail: expect.stringContaining("house, link, none, reach, slow, two; what the commit itself declares counts once it is merged") });
    await expect(build("house", { target: head, commit: head })).rejects.toMatchObject({ code: "config.loosens" });
  });

  test("a tool chain that the host does not offer is named", async () => {
    await expect(build("chain")).rejects.toMatchObject({ code: "request.malformed", detail: expect.stringContaining("it offers system, bun") });
  });
});
