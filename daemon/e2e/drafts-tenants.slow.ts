/** Drafts for several tenants on one socket: each asks about its own gates alone, and reads nothing of another's. And `--out`, as a person types it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import type { DraftReply } from "../../proto/drafting.ts";
import type { EvidenceVerification } from "../../proto/evidence-bundle.ts";
import type { LineageReply } from "../../proto/lineage.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { Operator } from "../tenants/testing/issuer.ts";
import { Operated } from "./testing/operated.ts";
import { oneDocument, unfolded, type GateDocument, type Ran } from "./testing/world.ts";

setDefaultTimeout(120_000);
const operator = new Operator(Math.floor(Date.now() / 1000));
/** A word of the one's change that the other must not read anywhere. */
const SECRET_NAME = "quarterlyLayoffs";
const ODD = "src/Zoë/変更 \u{1f600}.ts";
let operated: Operated;
let source: Source;
let gated: GateDocument;

beforeAll(async () => {
  const uid = process.getuid?.();
  const tenants = ["web", "lib"].map((id) => `- {id: ${id}, uids: [${uid}], shared_uid: true}\n`).join("");
  operated = await Operated.start({
    modes: "[host, local]",
    more(world) {
      writeFileSync(world.path("trust-cap.json"), operator.trustFile());
      return `capabilities: {trust_file: ${world.path("trust-cap.json")}}\ntenants:\n${tenants}`;
    },
  });
  source = await operated.world.changed({ "src/a.ts": "export const a = 1;\n" }, { [ODD]: `export function ${SECRET_NAME}(): number {\n  return 1;\n}\n` });
  gated = oneDocument(await operated.world.run(["gate", source.path, "--json"], as("web"))) as GateDocument;
});
afterAll(() => operated[Symbol.asyncDispose]());

function as(tenant: string, verbs: readonly string[] = ["gate", "read", "inspect"]): { readonly env: Readonly<Record<string, string>> } {
  const path = operated.world.path(`${tenant}.token`);
  writeFileSync(path, operator.token({ tenant, jti: `${tenant}-token-1`, repositories: ["*"], verbs: [...verbs] as ("gate" | "read" | "inspect")[] }), { mode: 0o600 });
  return { env: { MAESTRO_TOKEN_FILE: path } };
}
const explain = (tenant: string | null, ...args: readonly string[]): Promise<Ran> => operated.world.run(["explain", ...args], tenant === null ? {} : as(tenant));
const logSize = async (): Promise<number> => (await operated.world.status()).log.size;

describe("several tenants", () => {
  test("attack: one drafts another's gate, signs it, reads its statement in lineage and bundle: it is as unknown as none, and no name of it is in any answer", async () => {
    const mine = oneDocument(await explain("web", gated.gate_id, "--draft", "summary", "--json", "--out", operated.world.path("mine.json"))) as DraftReply;
    expect(mine.drafts[0]?.text).toContain(SECRET_NAME);
    const size = await logSize();
    for (const args of [["explain", gated.gate_id, "--draft", "--json"], ["explain", gated.gate_id, "--draft", "--json", "--out", operated.world.path("theirs.json")], ["explain", gated.card.head, "--draft", "--json"], ["lineage", gated.gate_id, "--json"], ["bundle", gated.gate_id, "--json", "--out", operated.world.path("theirs.bundle")]]) {
      const ran = await operated.world.run(args, as("lib"));
      expect([args[0], ran.code === 0, JSON.parse(ran.stdout) as unknown]).toEqual([args[0], false, expect.objectContaining({ code: "request.not_found" })]);
      for (const word of [SECRET_NAME, "Zoë", "web", source.path.split("/").at(-1) ?? ""]) expect(`${ran.stdout}${ran.stderr}`.replaceAll(operated.world.home, "").replaceAll(gated.gate_id.slice("gate:".length), "")).not.toContain(word);
    }
    expect([await logSize(), existsSync(operated.world.path("theirs.json"))]).toEqual([size, false]);
    // What a tenant may not see takes its words for a gate that nobody ever made.
    const detail = async (gate: string): Promise<string> => ((await explain("lib", gate, "--draft", "--json")).stdout).replace(gate.replace(/^gate:/, ""), "");
    expect(await detail(gated.gate_id)).toBe(await detail(`gate:${"a".repeat(52)}`));
  });

  test("attack: a caller who may not gate has drafts signed: nothing is", async () => {
    const size = await logSize();
    const reader = await operated.world.run(["explain", gated.gate_id, "--draft", "--json", "--out", operated.world.path("reader.json")], as("web", ["read", "inspect"]));
    expect([reader.code, JSON.parse(reader.stdout)]).toEqual([4, expect.objectContaining({ code: "auth.denied" })]);
    expect([await logSize(), existsSync(operated.world.path("reader.json"))]).toEqual([size, false]);
  });
});

describe("as a person types it", () => {
  test("--json is one document that parses, with names of any script as they are; the same drafts have the same digests", async () => {
    const [one, two] = [await explain("web", gated.gate_id, "--draft", "--json"), await explain("web", gated.gate_id, "--draft", "--json")].map((ran) => oneDocument(ran) as DraftReply);
    expect(one?.drafts.map(({ task }) => task)).toEqual(["triage", "summary", "reviewer-note"]);
    expect(two?.drafts.map(({ sha256, text }) => [sha256, text])).toEqual(one?.drafts.map(({ sha256, text }) => [sha256, text]));
    expect(one?.drafts.find(({ task }) => task === "summary")?.text).toContain("Zoë/変更");
  });

  test("a task that there is not, and a gate that there is not, are said with what there is", async () => {
    const task = await explain("web", gated.gate_id, "--draft", "riview");
    expect([task.code, task.stderr]).toEqual([2, expect.stringContaining("There are: triage, summary, commit-message, reviewer-note, changelog, fix, test-skeleton")]);
    expect(await explain("web", "abcdef123456", "--draft")).toMatchObject({ code: 2, stderr: expect.stringContaining("no gate, commit or bundle that starts with abcdef123456 is on record") });
  });

  test("attack: --out names what is there: nothing is asked, nothing is signed, and all of it is as it was", async () => {
    const { world } = operated;
    writeFileSync(world.path("thesis.txt"), "ten years of work");
    mkdirSync(world.path("folder"), { recursive: true });
    symlinkSync(world.path("thesis.txt"), world.path("link"));
    const size = await logSize();
    for (const name of ["thesis.txt", "folder", "link", "absent/x.json"]) {
      const ran = await explain("web", gated.gate_id, "--draft", "summary", "--json", "--out", world.path(name));
      expect([ran.code, JSON.parse(ran.stdout)]).toEqual([2, expect.objectContaining({ code: "cli.usage" })]);
    }
    expect([await logSize(), readFileSync(world.path("thesis.txt"), "utf8")]).toEqual([size, "ten years of work"]);
    // Full, it is told that the statement stands, and the texts are there all the same.
    const full = await explain("web", gated.gate_id, "--draft", "changelog", "--json", "--out", "/dev/full");
    expect([full.code, (JSON.parse(full.stdout) as DraftReply).drafts.length, full.stderr]).toEqual([69, 1, expect.stringContaining("signed and logged all the same, and maestro bundle gate:")]);
    // A pipe takes it.
    Bun.spawnSync(["mkfifo", world.path("pipe")]);
    const read = Bun.spawn(["cat", world.path("pipe")], { stdout: "pipe" });
    const piped = await explain("web", gated.gate_id, "--draft", "triage", "--out", world.path("pipe"));
    expect([piped.code, JSON.parse(await new Response(read.stdout).text())]).toEqual([0, expect.objectContaining({ mediaType: expect.stringContaining("sigstore") })]);
  });

  test("what was signed is in the gate's bundle, in its lineage, and in one screen of verify, each of them a file of its own", async () => {
    const { world } = operated;
    const trust = world.path("trust.json");
    const single = await world.run(["verify", world.path("mine.json"), "--trust", trust]);
    expect([single.code, single.stdout]).toEqual([0, expect.stringMatching(/^VERIFIED {2}drafts about gate:/)]);
    const bundle = world.path("evidence.json");
    expect((await world.run(["bundle", gated.gate_id, "--out", bundle, "--json"], as("web"))).code).toBe(0);
    const screen = await world.run(["verify", bundle, "--trust", trust]);
    const lines = screen.stdout.trimEnd().split("\n");
    expect([screen.code, lines.length <= 24, Math.max(...lines.map((line) => line.length)) <= 80]).toEqual([0, true, true]);
    expect(unfolded(screen).stdout).toMatch(/drafts +summary by rules \(entry \d+\)/);
    const { drafts } = oneDocument(await world.run(["verify", bundle, "--trust", trust, "--json"])) as EvidenceVerification;
    expect(drafts.map(({ wrote }) => wrote.map(({ task }) => task).join())).toEqual(["summary", "changelog", "triage"]);
    expect((await world.run(["verify", bundle, "--trust", trust, "--extract", world.path("parts")])).code).toBe(0);
    expect(readFileSync(world.path("parts/drafts-1.sigstore.json"), "utf8").trimEnd()).toBe(readFileSync(world.path("mine.json"), "utf8").trimEnd());
    const { nodes } = oneDocument(await world.run(["lineage", gated.gate_id, "--json"], as("web"))) as LineageReply;
    expect(nodes.filter(({ kind }) => kind === "drafts").map(({ name, state }) => [name, state])).toEqual([["summary by rules", "kept"], ["changelog by rules", "kept"], ["triage by rules", "kept"]]);
  });
});
