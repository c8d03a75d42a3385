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
import { DRAFT_PREDICATE } from "../proto/predicates/draft-type.ts";
import { accepts, output, run } from "./rig/accepts.ts";
import { EMBEDDING_MODEL, engineFolder, storeModel, TEXT_MODEL } from "./rig/models.ts";
import { textWorkers } from "./rig/workers.ts";
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
const worker = async (): Promise<number> => (await textWorkers(await daemon()))[0] ?? 0;

/** Killed as soon as it generates; `not` is the one that was killed before. Who it is comes first: of that other one the daemon may still say that it generates. */
async function killed(not = 0): Promise<number> {
  let pid = 0;
  await until(async () => ![0, not].includes((pid = await worker())) && (await generates()));
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

let statements = 0;
/** Signed, with what Node's own crypto and a stranger's folder need. */
interface Statement {
  readonly file: string;
  readonly trust: string;
  readonly folder: string;
  readonly pem: string;
  readonly drafts: readonly Draft[];
}
async function signedDrafts(gate_id: string, tasks: readonly string[]): Promise<Statement> {
  const [file, folder, trust] = [world.path(`${++statements}.sigstore.json`), world.path(`stranger-${statements}`), join(world.state_dir, "trust.json")];
  const { drafts } = await drafted(gate_id, "local", tasks, ["--out", file]);
  expect((await maestro(["trust", "export", "--out", folder, trust])).code).toBe(0);
  return { file, trust, folder, drafts, pem: join(folder, readdirSync(folder).find((name) => /^gate-.*\.pem$/.test(name)) ?? "") };
}
interface Envelope {
  readonly dsseEnvelope: { readonly payload: string; readonly payloadType: string; readonly signatures: readonly { readonly sig: string }[] };
}
const envelopeOf = (file: string): Envelope => JSON.parse(readFileSync(file, "utf8")) as Envelope;
const payloadOf = ({ dsseEnvelope }: Envelope): Buffer => Buffer.from(dsseEnvelope.payload, "base64");

/** DSSE v1 with its pre-authentication encoding, by Node's crypto alone. */
function signedBy(pem: string, { dsseEnvelope: { payload, payloadType, signatures } }: Envelope): boolean {
  const bytes = Buffer.from(payload, "base64");
  return verify("sha256", Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `), bytes]), createPublicKey(readFileSync(pem)), Buffer.from(signatures[0]?.sig ?? "", "base64"));
}
type Claimed = readonly Pick<Draft, "task" | "path" | "sha256" | "cost" | "model" | "prompt">[];
const claimed = (file: string): Claimed => (JSON.parse(payloadOf(envelopeOf(file)).toString()) as { readonly predicate: { readonly drafts: Claimed } }).predicate.drafts;

accepts(tool, "who wrote what is signed and logged, with path and cost, for maestro verify, Node's own crypto, securesystemslib and @sigstore/verify; a changed byte is refused by each", async () => {
  await daemon();
  const { file, trust, folder, pem, drafts } = await signedDrafts((gates[0] ?? (await gated(ROOT, OWN[0]))).gate_id, ["summary", "reviewer-note"]);
  expect(claimed(file)).toEqual(drafts.map(({ text: _, because: __, ...named }) => named));
  for (const { sha256, text } of drafts) expect(createHash("sha256").update(text).digest("hex")).toBe(sha256);
  const envelope = envelopeOf(file);
  const forged = world.path("forged.sigstore.json");
  writeFileSync(forged, JSON.stringify({ ...envelope, dsseEnvelope: { ...envelope.dsseEnvelope, payload: Buffer.from(payloadOf(envelope).toString().replace('"usd_micro":0', '"usd_micro":1')).toString("base64") } }));
  for (const [given, good] of [[file, true], [forged, false]] as const) {
    const ours = await maestro(["verify", given, "--trust", trust]);
    const python = await run([...nothing(), "python3", join(import.meta.dir, "peers/dsse_check.py"), "dsse", pem, given], { env: { PYTHONPATH: dsse.path(), PYTHONDONTWRITEBYTECODE: "1" } });
    const sigstore = await run([...nothing(), process.execPath, join(import.meta.dir, "peers/sigstore-verify.ts"), join(folder, "trusted_root.json"), pem, given], { cwd: ROOT });
    expect([ours.code === 0, signedBy(pem, envelopeOf(given)), python.code === 0, sigstore.code === 0, sigstore.stdout]).toEqual([good, good, good, good, good ? `${DRAFT_PREDICATE}\n` : ""]);
  }
  expect((await maestro(["log", "check", "--trust", trust])).code).toBe(0);
}, DEADLINE_MS);

/** What of a draft the model wrote; empty where none of its words stand. */
const wordsOf = ({ path, text }: Draft): string => (path === "local" ? (text.split("In a model's words, held against the facts: ")[1] ?? "") : "");

accepts(tool, "words of the model stand in the summary and the reviewer's note of a real change, and name what git says that it changes; the statement names path, model and prompt, whose digests Python takes of the files", async () => {
  await daemon();
  const whole: string[] = [];
  for (const commit of OWN) {
    const { gate_id } = await gated(ROOT, commit);
    const { file, pem, trust, drafts } = await signedDrafts(gate_id, ["summary", "reviewer-note"]);
    const git = await output(["git", "-C", ROOT, "show", "--format=", commit]);
    const names = drafts.flatMap((draft) => [...wordsOf(draft).matchAll(/`([^`]+)`/g)].map(([, name]) => (/^\w+\.\w+$/.test(name!) && !git.includes(name!) ? name!.split(".")[1]! : name!)));
    expect([commit, names.filter((name) => !git.includes(name))]).toEqual([commit, []]);
    const listed = await maestro(["models", "list", "--json"]);
    const python = await run([...nothing(), "python3", join(import.meta.dir, "peers/draftcheck.py"), file, join(world.state_dir, "models"), join(ROOT, "policies/prompts")], { stdin: listed.stdout, env: { PYTHONDONTWRITEBYTECODE: "1" } });
    const stand = drafts.filter(({ path }) => path === "local");
    for (const draft of stand) expect(wordsOf(draft)).toMatch(/^(?:It [^`]+`[^\n]+\.)+$/);
    expect([python.stderr, python.stdout, signedBy(pem, envelopeOf(file))]).toEqual(["", stand.map(({ task }) => `${task} local ${TEXT_MODEL} ${task}-continued\n`).join(""), true]);
    const verified = await maestro(["verify", file, "--trust", trust]);
    expect([verified.code, ...stand.map(({ task }) => verified.stdout.includes(`${task}  by local,`))]).toEqual([0, ...stand.map(() => true)]);
    if (stand.length === 2) whole.push(commit);
  }
  expect(whole).not.toEqual([]);
}, DEADLINE_MS);

accepts(tool, "the evaluation runs, by rules and with the model, where there is no interface", async () => {
  const result = world.path("evaluation.json");
  const { code, stdout, stderr } = await run([process.execPath, join(ROOT, "bench/eval/run.ts"), "--only", "^(fix-py-unused-import|fix-sh-unquoted|triage-unit-test)$", "--path", "rules", "--path", "both", "--perturb-every", "0", "--out", result], { cwd: ROOT, timeout_ms: DEADLINE_MS });
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
  expect(stdout).toContain("no network interface");
  const { paths } = JSON.parse(readFileSync(result, "utf8")) as { paths: { path: string; results: { absent?: string; draft?: unknown }[]; usd_micro: number }[] };
  expect(paths.map(({ path, usd_micro, results }) => [path, usd_micro, results.map(({ absent, draft }) => absent ?? draft !== undefined)])).toEqual(["rules", "both"].map((path) => [path, 0, [true, true, true]]));
}, DEADLINE_MS);
