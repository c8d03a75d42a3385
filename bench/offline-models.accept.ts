/**
 * The whole way where there is no network interface at all: the daemon, its model's worker, every command and OpenAI's client start in namespaces of
 * their own without one; engines and models were stored before. A real change is gated, drafts about it are written by rules and by the model, a worker
 * is killed under a draft, other people's code checks who wrote what, and the evaluation runs.
 */
import { afterAll, expect } from "bun:test";
import { createHash, createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { oneDocument, until, World, type GateDocument, type Ran } from "../daemon/e2e/testing/world.ts";
import { ROOT } from "../daemon/house/sources.ts";
import type { Draft, DraftReply } from "../proto/drafting.ts";
import type { ModelsReply } from "../proto/models-api.ts";
import { DRAFT_PREDICATE } from "../proto/predicates/draft-type.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { EMBEDDING_MODEL, engineFolder, storeModel, TEXT_MODEL } from "./rig/models.ts";
import { onPath, securesystemslib } from "./rig/tools.ts";

const DEADLINE_MS = 1_800_000;
const [engines, dsse, unshare] = await Promise.all([engineFolder(), securesystemslib(), onPath("unshare", "install util-linux")]);
const tool = { name: "offline", version: `${TEXT_MODEL}, engines ${engines.version}, no interface` };
const nothing = (): string[] => [unshare.path(), ...(process.getuid?.() === 0 ? ["-n"] : ["-rn"])];

/** Changes of this project's own history; each has a test beside what it changes. */
const OWN = ["0d57d8c6b16659d7ec2e524f80d6eb2828e6b447", "de26551", "38e11fe", "123ee09"] as const;
const PUBLIC = (Bun.env["MAESTRO_ACCEPT_REPOSITORIES"] ?? "").split(":").filter((path) => path !== "");

const world = new World(nothing());
const env = { MAESTRO_CONFIG: world.path("host.yaml") };
const maestro = (args: readonly string[]): Promise<Ran> => world.run(args, { env });
afterAll(() => world.dispose());

let started: Promise<number> | null = null;
const daemon = (): Promise<number> =>
  (started ??= (async () => {
    // Whole answers are not kept: what is asked again is generated again.
    writeFileSync(env.MAESTRO_CONFIG, `version: 1\ntrust_domain: offline.example\nmodes: [local]\nmodels: {text: [{name: ${TEXT_MODEL}}], embedding: ${EMBEDDING_MODEL}, engine_folder: ${engines.path()}, answers: false}\n`, { mode: 0o600 });
    const { pid } = await world.daemon([], env);
    for (const name of [TEXT_MODEL, EMBEDDING_MODEL]) await storeModel(world.client, name);
    return pid;
  })());

/** Addresses that a running process could use, as the kernel tells them of its namespace. */
const addressesOf = (pid: number): string[] => readFileSync(`/proc/${pid}/net/fib_trie`, "utf8").match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? [];
const deaths = async (): Promise<number> => (await world.status()).models?.workers.find(({ model }) => model === TEXT_MODEL)?.deaths ?? 0;
const generates = async (): Promise<boolean> => (await world.status()).models?.workers.some(({ model, state, running }) => model === TEXT_MODEL && state === "ready" && running > 0) === true;

/** The child of the daemon that has the engine in it; 0 where none stands just now. */
const worker = async (): Promise<number> => Number((await run(["pgrep", "-P", String(await daemon()), "-f", "models/text/worker"])).stdout.trim());

/** Killed as soon as it generates; `not` is the one that was killed before. */
async function killed(not = 0): Promise<number> {
  let pid = 0;
  await until(async () => (await generates()) && ![0, not].includes((pid = await worker())));
  process.kill(pid, "SIGKILL");
  return pid;
}

async function gated(repository: string, commit: string): Promise<GateDocument> {
  const ran = await maestro(["gate", repository, "--target", `${commit}^`, "--head", commit, "--json"]);
  if (![0, 1, 3].includes(ran.code)) throw new Error(ran.stderr);
  return oneDocument(ran) as GateDocument;
}
async function drafted(gate_id: string, path: "rules" | "local", tasks: readonly string[], more: readonly string[] = []): Promise<DraftReply> {
  const ran = await maestro(["explain", gate_id, "--draft", ...tasks, "--path", path, "--json", ...more]);
  if (ran.code !== 0) throw new Error(ran.stderr + ran.stdout);
  return oneDocument(ran) as DraftReply;
}
/** What has to be the same of two drafts of one question; how long it took is not. */
const same = ({ task, path, text, because, cost: { tokens, usd_micro }, model, prompt }: Draft) => ({ task, path, text, because, tokens, usd_micro, model, prompt });

/** Gates of real changes. */
const gates: GateDocument[] = [];

accepts(tool, "real changes are gated and verified, and rules and the model draft a summary and a reviewer's note of each, with what they cost", async () => {
  const pid = await daemon();
  for (const [repository, commit] of [...OWN.map((one) => [ROOT, one] as const), ...PUBLIC.map((path) => [path, "HEAD"] as const)]) {
    const gate = await gated(repository, commit);
    gates.push(gate);
    expect([basename(repository), gate.verified]).toEqual([basename(repository), "verified"]);
    const rules = await drafted(gate.gate_id, "rules", ["summary", "reviewer-note"]);
    const local = await drafted(gate.gate_id, "local", ["summary", "reviewer-note"]);
    expect([rules, local].map(({ verdict, drafts }) => [verdict, drafts.map(({ task, text }) => [task, text.length > 0])])).toEqual(Array(2).fill([gate.verdict, [["summary", true], ["reviewer-note", true]]]));
    for (const { path, cost } of rules.drafts) expect([path, cost.usd_micro, cost.tokens]).toEqual(["rules", 0, 0]);
    // Whether its words stand or not, the model was asked: with tokens, on this processor, for nothing.
    for (const { because, cost } of local.drafts) expect([because, cost.usd_micro, cost.tokens > 0, cost.cpu_us > 10_000]).toEqual([because, 0, true, true]);
  }
  expect([addressesOf(pid), addressesOf(await worker())]).toEqual([[], []]);
  const shown = await maestro(["explain", gates[0]?.gate_id ?? "", "--draft", "summary", "reviewer-note", "--path", "local"]);
  expect(shown.stdout.match(/\$0\.00, \d+\.\d{3} s CPU, \d+ tokens/g)?.length).toBe(2);
}, DEADLINE_MS);

accepts(tool, "a worker killed under a draft costs exactly one retry and gives the same draft; killed again, the rules' text stands and says why", async () => {
  await daemon();
  const { gate_id } = gates[0] ?? (await gated(ROOT, OWN[0]));
  const [whole] = (await drafted(gate_id, "local", ["summary"])).drafts;
  const before = await deaths();
  const [[again], first] = await Promise.all([drafted(gate_id, "local", ["summary"]).then(({ drafts }) => drafts), killed()]);
  expect([again && same(again), (await deaths()) - before]).toEqual([whole && same(whole), 1]);
  const twice = async (): Promise<void> => void (await killed(await killed(first)));
  const [[rules]] = await Promise.all([drafted(gate_id, "local", ["summary"]).then(({ drafts }) => drafts), twice()]);
  expect([rules?.path, rules?.because, (await deaths()) - before]).toEqual(["rules", expect.stringContaining("models.died"), 3]);
  const [mended] = (await drafted(gate_id, "local", ["summary"])).drafts;
  expect(mended && same(mended)).toEqual(whole && same(whole));
}, DEADLINE_MS);

accepts(tool, "OpenAI's client is answered over the socket, with the same text where the worker dies under it", async () => {
  await daemon();
  const ask = async (): Promise<string> => JSON.parse(await output([...nothing(), process.execPath, join(import.meta.dir, "peers/openai-socket.ts"), world.socket_path, TEXT_MODEL, "Once upon a time there was a lighthouse", "120"], { cwd: ROOT })) as string;
  const whole = await ask();
  const before = await deaths();
  const [again] = await Promise.all([ask(), killed()]);
  expect([again, whole.length > 20, (await deaths()) - before]).toEqual([whole, true, 1]);
}, DEADLINE_MS);

interface Signed {
  readonly statement: string;
  readonly draft: Draft;
}
/** A draft in which words of the model stand, and the statement about it. */
async function signedByModel(): Promise<Signed> {
  const because: string[] = [];
  for (const { gate_id } of gates.length === 0 ? [await gated(ROOT, OWN[0])] : gates) {
    const { drafts } = await drafted(gate_id, "local", ["summary", "reviewer-note", "changelog", "triage"]);
    const draft = drafts.find(({ path }) => path === "local");
    because.push(...drafts.map((one) => one.because));
    if (draft === undefined) continue;
    const statement = world.path("draft.sigstore.json");
    const reply = await drafted(gate_id, "local", [draft.task], ["--out", statement]);
    expect(reply.drafts.map(same)).toEqual([same(draft)]);
    return { statement, draft };
  }
  throw new Error(`no words of the model stood: ${[...new Set(because)].join("; ")}`);
}

accepts(tool, "who wrote what is signed and logged: model digest, prompt digest and path, for maestro verify, Node's own crypto, securesystemslib and @sigstore/verify; a changed byte is refused", async () => {
  await daemon();
  const { statement, draft } = await signedByModel();
  const trust = join(world.state_dir, "trust.json");
  const verified = await maestro(["verify", statement, "--trust", trust]);
  const prompt = readFileSync(join(ROOT, `policies/prompts/${draft.prompt?.name}.txt`));
  const { models } = oneDocument(await maestro(["models", "list", "--json"])) as ModelsReply;
  const digests = { model: models.find(({ model }) => model.name === TEXT_MODEL)?.model.digest ?? "", prompt: createHash("sha256").update(prompt).digest("hex") };
  expect([draft.model?.digest, draft.prompt?.sha256]).toEqual([digests.model, digests.prompt]);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(new RegExp(`${draft.task}  by local, text ${draft.sha256.slice(0, 16)}, model ${TEXT_MODEL} ${digests.model.slice(0, 16)}, prompt \\S+ \\S+ ${digests.prompt.slice(0, 16)}`))]);

  const folder = world.path("stranger");
  expect((await maestro(["trust", "export", "--out", folder, trust])).code).toBe(0);
  const pem = join(folder, readdirSync(folder).find((name) => /^gate-.*\.pem$/.test(name)) ?? "");
  const bundle = JSON.parse(readFileSync(statement, "utf8")) as { dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] } };
  const { payloadType } = bundle.dsseEnvelope;
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64");
  // DSSE v1, pre-authentication encoding.
  const signed = (bytes: Buffer): boolean => verify("sha256", Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `), bytes]), createPublicKey(readFileSync(pem)), Buffer.from(bundle.dsseEnvelope.signatures[0]?.sig ?? "", "base64"));
  const { predicateType, predicate } = JSON.parse(payload.toString()) as { predicateType: string; predicate: { drafts: Draft[] } };
  expect([signed(payload), predicateType, predicate.drafts.map(({ path, sha256, model, prompt: asked, cost }) => [path, sha256, model?.digest, asked?.sha256, cost.usd_micro])]).toEqual([true, DRAFT_PREDICATE, [["local", draft.sha256, digests.model, digests.prompt, 0]]]);

  const forged = Buffer.from(payload.toString().replace('"path":"local"', '"path":"rules"'));
  const other = world.path("forged.sigstore.json");
  writeFileSync(other, JSON.stringify({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload: forged.toString("base64") } }));
  expect([signed(forged), (await maestro(["verify", other, "--trust", trust])).code]).toEqual([false, 1]);
  const root = join(folder, "trusted_root.json");
  for (const [file, good] of [[statement, true], [other, false]] as const) {
    const python = await run([...nothing(), "python3", join(import.meta.dir, "peers/dsse_check.py"), "dsse", pem, file], { env: { PYTHONPATH: dsse.path(), PYTHONDONTWRITEBYTECODE: "1" } });
    const sigstore = await run([...nothing(), process.execPath, join(import.meta.dir, "peers/sigstore-verify.ts"), root, pem, file], { cwd: ROOT });
    expect([python.code === 0, sigstore.code === 0, sigstore.stdout]).toEqual([good, good, good ? `${DRAFT_PREDICATE}\n` : ""]);
  }
  expect((await maestro(["log", "check", "--trust", trust])).code).toBe(0);
}, DEADLINE_MS);

accepts(tool, "the evaluation runs, by rules and with the model, where there is no interface", async () => {
  const result = world.path("evaluation.json");
  const { code, stdout, stderr } = await run([process.execPath, join(ROOT, "bench/eval/run.ts"), "--only", "^(fix-py-unused-import|fix-sh-unquoted|triage-unit-test)$", "--path", "rules", "--path", "both", "--perturb-every", "0", "--out", result], { cwd: ROOT, timeout_ms: DEADLINE_MS });
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
  expect(stdout).toContain("no network interface");
  const { paths } = JSON.parse(readFileSync(result, "utf8")) as { paths: { path: string; results: { absent?: string; draft?: unknown }[]; usd_micro: number }[] };
  expect(paths.map(({ path, usd_micro, results }) => [path, usd_micro, results.map(({ absent, draft }) => absent ?? draft !== undefined)])).toEqual(["rules", "both"].map((path) => [path, 0, [true, true, true]]));
}, DEADLINE_MS);
