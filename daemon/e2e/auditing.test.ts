/** What is handed to an auditor, and a gate run again elsewhere, through the command line. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EvidenceVerification } from "../../proto/evidence-bundle.ts";
import type { ReproReply } from "../../proto/repro.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { oneDocument, unfolded, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);

const TOKEN = `${"gh"}p_a8Kx2ZqT7bNc4RmW9vYd1LsF6hPj3E2f3OhS`;
const CONFIG = `version: 1
commands:
  lint: {run: [sh, -c, "grep -rn BAD /change/src && exit 1; exit 0"]}
`;

let world: World;
let repository: Source;
let gated: GateDocument;
let trust: string;
beforeAll(async () => {
  world = new World();
  // A built-in check finds something, a command fails in the sandbox, and the policy makes a refusal of it.
  repository = await world.changed({ "maestro.yaml": CONFIG, "src/a.ts": "export const a = 1;\n" }, { "src/a.ts": "export const BAD = 1;\n", ".github/workflows/x.yml": "on: pull_request_target\njobs: {}\n" });
  await world.gate(repository);
  gated = await world.judged(repository, ["--rerun"]);
  trust = join(world.state_dir, "trust.json");
});
afterAll(() => world.dispose());

describe("bundle", () => {
  let file: string;
  beforeAll(async () => {
    file = world.path("evidence.json");
    const ran = await world.run(["bundle", gated.card.head, "--out", file, "--oci", world.path("layout"), "--json"]);
    expect([ran.code, oneDocument(ran)]).toMatchObject([0, { gate_id: gated.gate_id, attempt: 2, artifact: { attestations: expect.any(Array) } }]);
  });

  test("over another file it is written with --force alone; the same bytes once more are no other file", async () => {
    const [again, forced] = [["bundle", gated.card.head, "--out", file], ["bundle", gated.card.head, "--out", world.path("mine.txt")]];
    const before = readFileSync(file);
    expect([(await world.run(again)).code, readFileSync(file).equals(before)]).toEqual([0, true]);
    writeFileSync(world.path("mine.txt"), "mine");
    const refused = await world.run(forced);
    expect([refused.code, refused.stderr.includes("--force"), readFileSync(world.path("mine.txt"), "utf8")]).toEqual([2, true, "mine"]);
    expect([(await world.run([...forced, "--force"])).code, readFileSync(world.path("mine.txt")).equals(before)]).toEqual([0, true]);
  });

  test("one screen says what is proved and what is not; one command leads from the log entry to a fact", async () => {
    const verified = await world.run(["verify", file, "--trust", trust]);
    expect(verified.code).toBe(0);
    const lines = verified.stdout.trimEnd().split("\n");
    expect({ lines: lines.length <= 24, columns: Math.max(...lines.map((line) => line.length)) <= 80 }).toEqual({ lines: true, columns: true });
    expect(lines[0]).toStartWith("VERIFIED offline  REFUSE of ");
    const said = unfolded(verified).stdout;
    for (const words of ["what it says is refuse", "role gate (this machine's own self-made key)", "attempt 1 refuse", "configuration.json", "signed digests hold them", "- that what was measured is true", "- which repository and target it was", "- that all see the same log"]) expect(said).toContain(words);
    const chained = await world.run(["verify", file, "--trust", trust, "--leaf", "check/ci"]);
    expect(chained.stdout).toMatch(/chain\n {2}log .*\n(?:.*\n)* {2}entry +[0-9a-f]{64}\n {2}statement +[0-9a-f]{64}\n(?:.*\n)* {2}root +[0-9a-f]{64}\n(?:.*\n)* {2}says +checks\/check\/ci: fail/);
  });

  test("--json is complete; --extract gives every part as a file, and each verifies by what is in it", async () => {
    const whole = oneDocument(await world.run(["verify", file, "--trust", trust, "--json"])) as EvidenceVerification;
    expect(whole).toMatchObject({ result: "verified", gate: { result: "verified" }, earlier: [{ attempt: 1, verdict: "refuse" }], node_trust_file: true });
    expect(whole.files.map(({ name }) => name)).toEqual(["configuration.json", "policy-0.data.json", "policy-0.wasm", "policy.json"]);
    const folder = world.path("parts");
    expect((await world.run(["verify", file, "--trust", trust, "--extract", folder])).code).toBe(0);
    expect(readFileSync(join(folder, "bundle.json"))).toEqual(readFileSync(gated.bundle));
    const [receipt, other] = await Promise.all([world.run(["verify", join(folder, "obligations.tlog-proof"), "--trust", trust]), world.run(["verify", join(folder, "obligations.tlog-proof"), "--trust", trust, "--entry", join(folder, "vsa.entry")])]);
    expect([receipt.code, receipt.stdout.split("\n")[0]]).toEqual([0, expect.stringMatching(/^VERIFIED offline {2}receipt of log entry \d+$/)]);
    expect([other.code, other.stdout]).toEqual([1, expect.stringMatching(/^FAILED/)]);
    const single = await world.run(["verify", join(folder, "vsa.sigstore.json"), "--trust", trust]);
    expect([single.code, single.stdout]).toEqual([1, expect.stringContaining("attestation.unknown")]);
  });

  test("attack: one flipped bit, or another policy in it, is no evidence", async () => {
    const bytes = readFileSync(file);
    const policy = (JSON.parse(bytes.toString()) as { files: { name: string; content: string }[] }).files.find(({ name }) => name === "policy-0.data.json")!.content;
    const forged = { flipped: Buffer.from(bytes), policy: Buffer.from(bytes.toString().replace(policy, Buffer.from("{}").toString("base64"))) };
    forged.flipped.writeUInt8(forged.flipped.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    for (const [name, content] of Object.entries(forged)) {
      writeFileSync(world.path(name), content);
      expect(await world.run(["verify", world.path(name), "--trust", trust])).toMatchObject({ code: 1, stdout: expect.stringMatching(/^FAILED/) });
    }
  });

  test("the layout refers to the commit, and keeps what others had written into it", async () => {
    const layout = world.path("layout");
    const index = (): { manifests: { digest: string; annotations?: Record<string, string> }[] } => JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as ReturnType<typeof index>;
    const before = index();
    const tags = before.manifests.map(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"]);
    expect(tags).toContain(`commit-${gated.card.head}`);
    const read = (digest: string): Record<string, unknown> => JSON.parse(readFileSync(join(layout, "blobs/sha256", digest.slice(7)), "utf8")) as Record<string, unknown>;
    const whole = before.manifests.find(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"]?.startsWith("evidence-") === true)!;
    const commit = before.manifests.find(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"]?.startsWith("commit-") === true)!;
    expect(read(whole.digest)).toMatchObject({ artifactType: "application/vnd.maestro.evidence-bundle.v1+json", subject: { digest: commit.digest } });
    expect(tags).toContain(commit.digest.replace(":", "-"));
    const again = await world.run(["bundle", gated.card.head, "--out", world.path("again.json"), "--oci", layout, "--subject", whole.digest]);
    expect(again.code).toBe(0);
    expect(index().manifests.map(({ digest }) => digest)).toEqual(expect.arrayContaining([commit.digest]));
    expect(await world.run(["bundle", gated.card.head, "--out", world.path("x.json"), "--oci", layout, "--subject", `sha256:${"0".repeat(64)}`])).toMatchObject({ code: 2 });
  });
});

describe("repro", () => {
  test("a refusal with a finding, a failed command and the host's policy comes to the same elsewhere", async () => {
    const pack = world.path("pack.maestro");
    expect((await world.run(["repro", gated.card.head, "--repository", repository.path, "--out", pack])).code).toBe(0);
    // Another machine: no repository, no state, no daemon.
    const elsewhere = new World();
    try {
      mkdirSync(elsewhere.path("empty"));
      // Of its own, so that what is left there is nobody else's.
      mkdirSync(elsewhere.path("tmp"), { recursive: true });
      const same = await elsewhere.run(["repro", "--run", pack, "--commands", "--trust", trust, "--json"], { cwd: elsewhere.path("empty"), env: { TMPDIR: elsewhere.path("tmp") } });
      expect([same.code, oneDocument(same) as ReproReply]).toMatchObject([0, { outcome: "same", verdict: { recorded: "refuse", replayed: "refuse" }, differences: [], because: [], evidence: "verified" }]);
      expect(existsSync(join(elsewhere.state_dir, "maestrod.log"))).toBe(false);
      expect(readdirSync(elsewhere.path("tmp"))).toEqual([]);
    } finally {
      await elsewhere.dispose();
    }
  });

  test("attack: a pack of a change that was refused for a secret would carry the secret, and one of a stranger would run his commands", async () => {
    const leaky = await world.changed({ "maestro.yaml": CONFIG, "src/a.ts": "export const a = 1;\n" }, { "src/token.ts": `export const t = "${TOKEN}";\n` });
    const judged = await world.judged(leaky);
    expect(judged.verdict).not.toBe("admit");
    const pack = world.path("leaky.maestro");
    const made = await world.run(["repro", judged.card.head, "--repository", leaky.path, "--out", pack]);
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining("the change holds what looks like a secret")]);
    expect(readFileSync(pack).includes(TOKEN)).toBe(false);
    expect(await world.run(["repro", "--run", pack])).toMatchObject({ code: 2, stderr: expect.stringContaining("--repository") });
    expect((await world.run(["repro", "--run", pack, "--repository", repository.path])).code).toBe(2);
    // The sources come from the clone; the command does not run unless somebody says so, and nothing else differs.
    const unrun = await world.run(["repro", "--run", pack, "--repository", leaky.path]);
    expect([unrun.code, unrun.stdout]).toEqual([3, expect.stringContaining("lint did not run: look at what they run, then give --commands")]);
    expect(unrun.stdout.split("\n").filter((line) => /^ {2}(?:leaf checks|finding)/.test(line))).toEqual(["  leaf checks/check/command.lint: pass 0 findings, now unavailable 0 findings"]);
  });
});
