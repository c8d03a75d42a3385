import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Limits } from "../../../proto/config.ts";
import { Facts } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { FactsReply } from "../../../proto/worker.ts";
import { Scratch, type Source } from "../../platform/git/testing/scratch.ts";
import { collect, type Collected } from "./collect.ts";

const limits = Value.Create(Limits).facts;
let scratch: Scratch;
let serial = 0;

beforeAll(async () => {
  scratch = await Scratch.create();
});
afterAll(() => scratch.dispose());

async function facts(source: Source, target: string, head: string, tips: readonly string[] = [target, head], cut: Partial<typeof limits> = {}): Promise<Collected> {
  const behind = source.git("rev-list", target, head).split("\n");
  const repository = await scratch.stored(source, [...new Set([...tips, ...behind])], `local:0:${++serial}`);
  const { git_dir, object_format } = repository;
  const [facts_path, policy_path] = [join(scratch.root, `facts-${serial}.json`), join(scratch.root, `policy-${serial}`)];
  const collected = await collect({ kind: "facts", git: { ...scratch.tools }, git_dir, object_format, target, head, want_tree_sha256: true, trusted_target: false, facts_path, policy_path, deadline_ms: 20_000, limits: { ...limits, ...cut }, declared: { commands: {}, obligations: {} } });
  expect(Value.Check(Facts, collected.facts)).toBe(true);
  expect(Value.Check(FactsReply, collected.reply)).toBe(true);
  return collected;
}

const fresh = (): Source => scratch.source(`source-${++serial}`);
const pathsOf = (collected: Collected): string[] => collected.facts.files.map(({ path }) => pathText(path));

test("attack: so many files that the tree is not listed whole hide no folder's maestro.yaml", async () => {
  const source = fresh();
  const target = await source.commit({ "a/1": "x\n", "services/pay/maestro.yaml": "version: 1\nthresholds: { size_lines_max: 200 }\n", "services/pay/src/x.ts": "x\n" });
  const head = await source.commit({ "a/2": "x\n", "a/3": "x\n", "services/pay/src/x.ts": "y\n" });
  const { reply } = await facts(source, target, head, [target, head], { tree_entries_max: 2 });
  expect(reply.config).toMatchObject({ state: "read", folders: [{ path: "services/pay" }] });
});

test("attack: the folder's file goes in the same change that moves something into it: the base's folders shape the diff", async () => {
  const source = fresh();
  const target = await source.commit({ "else/a.ts": "a\nb\nc\n", "pay/maestro.yaml": "version: 1\napprovals: [{ paths: [\"**\"], from: [\"ada\"], count: 1 }]\n" });
  const head = await source.commit({ "else/a.ts": null, "pay/a.ts": "a\nb\nc\n", "pay/maestro.yaml": null });
  const { facts: got, reply } = await facts(source, target, head);
  expect(got.files.map(({ path, status }) => `${status} ${pathText(path)}`)).toEqual(["deleted else/a.ts", "added pay/a.ts", "deleted pay/maestro.yaml"]);
  expect([got.added_lines, reply.files]).toEqual([3, 3]);
  // Whose approval is asked does not rest on what shows as a rename.
  expect(reply.approvals.needs).toMatchObject([{ from: ["ada"], files: 2 }]);
});

describe("what is compared", () => {
  test("a branch far behind its target shows only its own lines", async () => {
    const source = fresh();
    await source.commit({ "a.txt": "one\n" });
    source.git("checkout", "-q", "-b", "topic");
    const head = await source.commit({ "mine.txt": "mine\n" });
    source.git("checkout", "-q", "main");
    let target = "";
    for (let i = 0; i < 34; i++) target = await source.commit({ [`theirs-${i}.txt`]: "x\n".repeat(100) });
    const { facts: got, reply } = await facts(source, target, head);
    expect([got.basis, got.added_lines, got.removed_lines]).toEqual(["target..merge", 1, 0]);
    expect(got.tree.length).toBe(36);
    if (reply.change.history !== "known") throw new Error("unknown");
    expect(reply.change.merge_tree).not.toBe(source.treeOf(head));
    expect(reply.change.base).toBe(target);
  });

  test("a landed head is its first parent..head, and its merged tree is its own", async () => {
    const source = fresh();
    const first = await source.commit({ a: "1\n" });
    const head = await source.commit({ b: "2\n" }, "second\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    const { facts: got, reply } = await facts(source, head, head);
    expect(pathsOf({ facts: got, reply })).toEqual(["b"]);
    expect(reply.change).toEqual({ history: "known", kind: "landed", merge_base: first, base: first, merge_tree: source.treeOf(head), conflicts: [] });
    expect(reply.actor.class).toBe("agent");
    expect(reply.title).toBe("second");
    expect(reply.tree_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a root commit is compared with the empty tree", async () => {
    const source = fresh();
    const head = await source.commit({ a: "1\n2\n" });
    const { facts: got, reply } = await facts(source, head, head);
    expect([got.added_lines, got.removed_lines]).toEqual([2, 0]);
    expect(reply.change).toMatchObject({ base: null, merge_base: null });
  });

  test("a conflict has no merged tree, and the change itself is still looked at", async () => {
    const source = fresh();
    await source.commit({ a: "base\n" });
    source.git("checkout", "-q", "-b", "topic");
    const head = await source.commit({ a: "topic\n", evil: "secret\n" });
    source.git("checkout", "-q", "main");
    const target = await source.commit({ a: "main\n" });
    const { facts: got, reply } = await facts(source, target, head);
    expect(reply.change).toMatchObject({ history: "known", merge_tree: null, conflicts: [{ u: "a" }] });
    expect([got.basis, reply.tree_sha256, reply.empty]).toEqual(["base..head", null, false]);
    expect(pathsOf({ facts: got, reply })).toEqual(["a", "evil"]);
  });

  test("history that was cut before the merge base is unknown, never an empty change", async () => {
    const source = fresh();
    await source.commit({ a: "1\n" });
    source.git("checkout", "-q", "-b", "topic");
    const head = await source.commit({ b: "1\n" });
    source.git("checkout", "-q", "main");
    const target = await source.commit({ c: "1\n" });
    const repository = await scratch.store.open(`local:0:${++serial}`, "sha1");
    await scratch.receive(repository, { tips: [target, head], cuts: [target, head] }, source.pack([target, head]));
    const got = await collect({ kind: "facts", git: { ...scratch.tools }, git_dir: repository.git_dir, object_format: "sha1", target, head, want_tree_sha256: true, trusted_target: false, facts_path: join(scratch.root, "cut.json"), policy_path: join(scratch.root, "cut"), deadline_ms: 20_000, limits, declared: { commands: {}, obligations: {} } });
    expect(got.reply.change).toMatchObject({ history: "unknown" });
    expect([got.reply.empty, got.reply.tree_sha256, got.facts.actor.class]).toEqual([false, null, "unknown"]);
    expect(JSON.stringify(got.reply.change)).toContain("fetch-depth: 0");
  });
});

describe("nothing is hidden", () => {
  test("attributes of the change reduce nothing: binary, -diff, export-ignore, export-subst, a textconv driver", async () => {
    const source = fresh();
    await source.commit({ "keep.txt": "x\n" });
    const head = await source.commit({
      ".gitattributes": "*.key binary -diff export-ignore diff=evil filter=evil\n*.ts export-subst linguist-generated\n",
      "leaked.key": "line one\nline two\n",
      "code.ts": "// $Format:%H$\n",
    });
    const { facts: got } = await facts(source, head, head);
    const leaked = got.files.find(({ path }) => pathText(path) === "leaked.key");
    expect(leaked?.hunks[0]?.lines.map(({ text }) => text)).toEqual(["line one", "line two"]);
    expect(leaked?.binary).toBe(false);
    expect(got.files.find(({ path }) => pathText(path) === "code.ts")?.hunks[0]?.lines[0]?.text).toBe("// $Format:%H$");
  });

  test("a NUL byte in a credential file flags it binary and shows its lines all the same", async () => {
    const source = fresh();
    await source.commit({ a: "1\n" });
    const head = await source.commit({ "creds.env": new Uint8Array([0, ...new TextEncoder().encode("\nTOKEN=abc\n")]) });
    const { facts: got } = await facts(source, head, head);
    expect(got.files[0]?.binary).toBe(true);
    expect(got.files[0]?.hunks[0]?.lines.map(({ text }) => text)).toEqual(["\0", "TOKEN=abc"]);
  });

  test("a path that is not UTF-8 keeps its bytes", async () => {
    const source = fresh();
    await source.commit({ a: "1\n" });
    const blob = source.object("blob", "x\n");
    const tree = source.tree(["100644", new Uint8Array([0x66, 0xff, 0x6f]), blob]);
    const head = source.commitTree(tree, [source.git("rev-parse", "HEAD")]);
    const { facts: got } = await facts(source, head, head);
    expect(got.files.map(({ path, status }) => [path, status])).toContainEqual([{ b64: "Zv9v" }, "added"]);
  });

  test("LFS pointers, submodules and cut diffs are said", async () => {
    const source = fresh();
    const first = await source.commit({ a: "1\n" });
    await Bun.write(join(source.path, "big.bin"), `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`);
    source.git("add", "-A");
    source.git("update-index", "--add", "--cacheinfo", `160000,${first},vendor`);
    source.git("commit", "-q", "-m", "moves");
    const { facts: got, reply } = await facts(source, source.git("rev-parse", "HEAD"), source.git("rev-parse", "HEAD"));
    expect(got.files.map(({ path, lfs, new: now }) => [pathText(path), lfs, now?.mode])).toEqual([["big.bin", true, "100644"], ["vendor", false, "160000"]]);
    expect(reply.gaps.map(({ what }) => what)).toEqual(["big.bin", "vendor"]);
  });
});

describe("configuration comes from the base", () => {
  test("head's maestro.yaml is not read, the base's is", async () => {
    const source = fresh();
    await source.commit({ "maestro.yaml": "version: 1\nrequired: [secrets]\n" });
    source.git("checkout", "-q", "-b", "topic");
    const head = await source.commit({ "maestro.yaml": "version: 1\nrules:\n  secret.token: {agent: pass}\n" });
    const target = source.git("rev-parse", "main");
    const { reply } = await facts(source, target, head);
    expect(reply.config).toEqual({ state: "read", config: { version: 1, required: ["secrets"] }, policy: null });
  });

  test("a broken one at the base is broken, not absent, and says where", async () => {
    const source = fresh();
    await source.commit({ "maestro.yaml": "version: 1\nrequred: [secrets]\n" });
    const head = await source.commit({ a: "1\n" });
    const { reply } = await facts(source, head, head);
    expect(reply.config.state).toBe("broken");
    expect(JSON.stringify(reply.config)).toContain("requred");
  });

  test("attack: maestro.yaml becomes a symbolic link, so that what it asked for is asked no more", async () => {
    const source = fresh();
    await source.commit({ a: "1\n" });
    const link = source.object("blob", "/etc/passwd");
    const tree = source.tree(["120000", "maestro.yaml", link]);
    const base = source.commitTree(tree, []);
    const head = source.commitTree(source.tree(["100644", "b", source.object("blob", "x\n")]), [base]);
    const { reply } = await facts(source, head, head);
    expect(reply.config).toMatchObject({ state: "broken", because: expect.stringContaining("is a link") });
  });

  test("a policy the base names but does not have is broken", async () => {
    const source = fresh();
    await source.commit({ "maestro.yaml": "version: 1\npolicy: policies/bundle.tar.gz\n" });
    const head = await source.commit({ a: "1\n" });
    const { reply } = await facts(source, head, head);
    expect(reply.config).toMatchObject({ state: "broken" });
    expect(JSON.stringify(reply.config)).toContain("policies/bundle.tar.gz");
  });
});

describe("attack", () => {
  test("an LFS pointer whose first line no hunk shows is a pointer all the same", async () => {
    const source = fresh();
    const pointer = (oid: string) => `version https://git-lfs.github.com/spec/v1\n${[0, 1, 2, 3, 4].map((i) => `ext-${i}-x sha256:y\n`).join("")}oid sha256:${oid.repeat(64)}\nsize 12345\n`;
    await source.commit({ "a.bin": pointer("a") });
    const head = await source.commit({ "a.bin": pointer("b") });
    const { facts: got } = await facts(source, head, head);
    expect(got.files[0]?.hunks[0]?.lines.some(({ text }) => text.startsWith("version"))).toBe(false);
    expect(got.files[0]?.lfs).toBe(true);
  });

  test("an agent's commit under more commits than are described does not make the change a person's", async () => {
    const source = fresh();
    const base = await source.commit({ a: "1\n" });
    source.git("checkout", "-q", "-b", "topic");
    await source.commit({ b: "2\n" }, "agent work\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    await source.commit({}, "padding");
    const head = await source.commit({}, "padding");
    const whole = await facts(source, base, head);
    const cut = await facts(source, base, head, [base, head], { commits_max: 2 });
    expect([whole.reply.actor.class, cut.reply.actor.class, cut.facts.actor.class]).toEqual(["agent", "unknown", "unknown"]);
    expect(cut.reply.gaps.map(({ what }) => what)).toContain("commits of the change");
  });

  test("a credential in subject, author, trailer or file name stays in the facts and leaves with nothing", async () => {
    const token = ["ghp", "a8Kx2ZqT7bNc4RmW9vYd1LsF6hPj3E2f3OhS"].join("_");
    const source = fresh();
    const base = await source.commit({ a: "1\n" });
    await Bun.write(join(source.path, `${token}.bin`), `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`);
    source.git("add", "-A");
    source.git("commit", "-q", "--author", `Eve ${token} <eve@example.org>`, "-m", `use ${token}\n\nClaude-Session: ${token}`);
    const { facts: got, reply } = await facts(source, base, source.git("rev-parse", "HEAD"));
    expect([got.title, got.actor.name, got.actor.signs[0]?.text, reply.gaps.length]).toEqual([`use ${token}`, `Eve ${token}`, `Claude-Session: ${token}`, 1]);
    expect(JSON.stringify(reply)).not.toContain(token);
    expect(reply.title).toContain("ghp_");
  });
});

test("an empty commit changes nothing and says so", async () => {
  const source = fresh();
  await source.commit({ a: "1\n" });
  const head = await source.commit({}, "nothing");
  const { reply } = await facts(source, head, head);
  expect([reply.empty, reply.files]).toEqual([true, 0]);
});

test("the facts document is written whole and is what the reply's digest names", async () => {
  const source = fresh();
  const head = await source.commit({ a: "1\n" });
  const { facts: got, reply } = await facts(source, head, head);
  const bytes = await Bun.file(join(scratch.root, `facts-${serial}.json`)).bytes();
  expect(new Bun.CryptoHasher("sha256").update(bytes).digest("hex")).toBe(reply.facts_sha256);
  expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(got);
});
