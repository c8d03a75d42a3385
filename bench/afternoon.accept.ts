/**
 * The afternoon of daemon/e2e/afternoon.slow.ts on clones of real repositories with their whole history: an agent plans, its hook refuses the edit of
 * a guard, it pushes, is held, a person approves, a queue's merge commit is admitted, verify-merge and the report agree; then the ways round that a
 * real tree could open. MAESTRO_ACCEPT_REPOSITORIES names them, parted by colons; without it, this project's own.
 */
import { expect } from "bun:test";
import { basename, join } from "node:path";
import type { ReportReply } from "../proto/report-kpi.ts";
import { Afternoon, AGENT_TRAILER, hindrance, type Desk } from "../daemon/e2e/testing/afternoon.ts";
import { oneDocument, type GateDocument, type Ran } from "../daemon/e2e/testing/world.ts";
import { accepts, output } from "./rig/accepts.ts";
import { onPath } from "./rig/tools.ts";

const DEADLINE_MS = 600_000;
const ROOT = join(import.meta.dir, "..");
const WORKFLOW = { ".github/workflows/afternoon.yml": "on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n" };

const named = (Bun.env["MAESTRO_ACCEPT_REPOSITORIES"] ?? "").split(":").filter((path) => path !== "");
const git = await onPath("git", "install git 2.38 or newer");

const documentOf = (ran: Ran): GateDocument => oneDocument(ran) as GateDocument;

/** From the agent's plan to the approval. */
async function approved(afternoon: Afternoon, desk: Desk): Promise<void> {
  expect((await desk.maestro(["plan", ".github/workflows/afternoon.yml"])).code).toBe(3);
  expect((await desk.tool("Edit", { file_path: join(desk.path, "maestro.yaml"), old_string: "version", new_string: "#" })).code).toBe(2);
  expect((await desk.tool("Write", { file_path: join(desk.path, ".github/workflows/afternoon.yml"), content: "" })).code).toBe(2);
  // Past its hook, as a program would write it.
  const head = await desk.commit({ ...WORKFLOW, "afternoon.md": "# An afternoon\n" }, `an afternoon\n\n${AGENT_TRAILER}`);
  expect([(await desk.push("HEAD:main")).code, (await desk.push("change")).code]).toEqual([1, 0]);
  const held = await desk.maestro(["gate", "--json"]);
  expect([held.code, documentOf(held).card.mode]).toEqual([3, "host"]);
  expect((await desk.maestro(["approve", head, "--reason", "mine"])).code).toBe(4);
  expect((await afternoon.person(["approve", head, "--reason", "read it"])).code).toBe(0);
}

/** The target moves on, and the queue merges what was approved. */
async function queued(afternoon: Afternoon): Promise<void> {
  const other = await afternoon.queue("other");
  await other.commit({ "another-afternoon.md": "# Another\n" }, "other work", { name: "Bob", email: "bob@example.org" });
  expect((await other.push("other:main")).code).toBe(0);
  const queue = await afternoon.queue("queue");
  await queue.git("-c", "user.name=Queue", "-c", "user.email=queue@example.org", "merge", "-q", "--no-ff", "-m", "merge", "origin/change");
  const group = await queue.maestro(["gate", "--merge-group", "--target", await afternoon.landed(), "--head", await queue.git("rev-parse", "HEAD"), "--json"]);
  if (group.code !== 0) throw new Error(`the group is not admitted: ${group.code} ${group.stdout.slice(0, 2_000)} ${group.stderr}`);
  expect(documentOf(group).card.releases?.[0]?.person).toBe("alice");
  expect((await queue.push("queue:main")).code).toBe(0);
  const landed = await queue.maestro(["verify-merge", "HEAD", "--bundle", documentOf(group).bundle, "--trust", afternoon.trust]);
  expect([landed.code, landed.stdout]).toEqual([0, expect.stringContaining("AS ADMITTED")]);
}

async function waysRound(afternoon: Afternoon): Promise<void> {
  const before = await afternoon.landed();
  const changes: readonly (readonly [files: Readonly<Record<string, string | null>>, message: string])[] = [
    [{ ".github/workflows/afternoon.yml": "on: push\njobs: {}\n" }, "without the trailer"],
    [{ "maestro.yaml": "version: 1\nrules: { ci.changed: { agent: off } }\n", ...WORKFLOW }, `own settings\n\n${AGENT_TRAILER}`],
    [{ ".claude/settings.json": null }, `without the hook\n\n${AGENT_TRAILER}`],
    [{ "a.js": "// maestro-ignore secret.private-key -- mine until 2099-01-01\n" }, `own waiver\n\n${AGENT_TRAILER}`],
  ];
  for (const [files, message] of changes) {
    const desk = await afternoon.agent("round");
    await desk.commit(files, message);
    const pushed = await desk.push("HEAD:main", "--force", "--no-verify");
    expect([message, pushed.code, pushed.stderr]).toEqual([message, 1, expect.stringContaining("pre-receive hook declined")]);
  }
  expect(await afternoon.landed()).toBe(before);
}

for (const repository of named.length === 0 ? [ROOT] : named) {
  accepts(git, `an afternoon on ${basename(repository.replace(/\/(?:repo|\.git)\/?$/, ""))}`, async () => {
    const why = hindrance();
    if (why !== null) throw new Error(why);
    await using afternoon = await Afternoon.start({ source: repository });
    const desk = await afternoon.agent();
    await approved(afternoon, desk);
    await queued(afternoon);
    await waysRound(afternoon);
    const report = oneDocument(await afternoon.world.run(["report", "--window", "1d", "--json"])) as ReportReply;
    expect(report.people?.releases).toEqual([{ person: "alice", approvals: 1, overrides: 0 }]);
    expect(report.rules.find(({ rule }) => rule === "ci.changed")?.held).toBeGreaterThan(0);
    expect(Number(await output(["git", "-C", desk.path, "-c", "safe.directory=*", "rev-list", "--count", "HEAD"]))).toBeGreaterThan(3);
  }, DEADLINE_MS);
}
