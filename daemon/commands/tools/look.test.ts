/** Whether a tool chain is what it was: real files, changed in every way a machine changes them. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolsReply } from "../../../proto/worker.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { replaced } from "../testing/small-system.ts";
import { ToolChains, type Chain } from "./chains.ts";
import { lookAtTools } from "./look.ts";

let root: string;
let now_ms = 0;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maestro-look-"));
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, "lib/deep/down"), { recursive: true });
  writeFileSync(join(root, "bin/tool"), "one", { mode: 0o755 });
  writeFileSync(join(root, "lib/deep/down/part"), "one");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const LIMITS = { tool_entries_max: 10_000, tool_deadline_ms: 10_000, tool_known_ms: 1_000 };
const command = { run: ["tool"] as [string] };
const chainsOf = (limits = LIMITS, apart = false): ToolChains => new ToolChains({ limits, now_ms: () => now_ms, apart, fresh_entries_max: 50 });
const mounts = () => ({ system: { folders: [{ host: join(root, "bin"), inside: "/bin" }, { host: join(root, "lib"), inside: "/lib" }], path: ["/bin"] } });
async function told(chains = chainsOf(), offered = mounts()): Promise<Chain> {
  const found = await chains.look(new Map([["x", command]]), offered, (job) => Promise.resolve(lookAtTools(job)));
  return found.get("x") ?? { because: "nothing" };
}
const because = (chain: Chain): string => ("because" in chain ? chain.because : "told");

/** Other bytes of the same size, at another time: some kernels tell it in steps of 4 ms. */
function rewritten(path: string, text: string): void {
  const changed = (): bigint => statSync(path, { bigint: true }).ctimeNs;
  for (const before = changed(); changed() === before; ) writeFileSync(path, text);
}

test("it stays the same while nothing is touched, and is another after every way to touch a file", async () => {
  let last = await told();
  expect(await told()).toEqual(last);
  const part = join(root, "lib/deep/down/part");
  const ways: (() => void)[] = [
    () => rewritten(part, "two"),
    // The same size and the old times: a change time cannot be set.
    () => (writeFileSync(part, "abc"), utimesSync(part, 1, 1)),
    () => replaced(part),
    () => chmodSync(part, 0o600),
    () => writeFileSync(join(root, "lib/deep/more"), ""),
    () => unlinkSync(join(root, "lib/deep/more")),
    () => replaced(join(root, "bin/tool")),
    () => (unlinkSync(join(root, "bin/tool")), symlinkSync("/lib/deep/down/part", join(root, "bin/tool"))),
  ];
  for (const [at, way] of ways.entries()) {
    way();
    const next = await told();
    expect([at, because(next), "sha256" in last && "sha256" in next && last.sha256 !== next.sha256]).toEqual([at, "told", true]);
    last = next;
  }
  const elsewhere = { system: { ...mounts().system, folders: mounts().system.folders.map(({ host, inside }) => ({ host, inside: `/opt${inside}` })) } };
  expect(await told(chainsOf(), elsewhere)).not.toEqual(last);
});

test("where it cannot be told, why is said: too many files, too slow, not there, another /tmp, a process that failed", async () => {
  expect(because(await told(chainsOf({ ...LIMITS, tool_entries_max: 2 })))).toContain("limits.command.tool_entries_max");
  mkdirSync(join(root, "lib/many"));
  for (let i = 0; i < 300; i++) writeFileSync(join(root, "lib/many", String(i)), "");
  expect(because(await told(chainsOf({ ...LIMITS, tool_deadline_ms: 0 })))).toContain("limits.command.tool_deadline_ms");
  expect(because(await told(chainsOf(LIMITS, true)))).toContain("may have another");
  expect(lookAtTools({ kind: "tools", folders: [{ host: "/proc/self/root/tmp", beside: [], known: null }], programs: [], apart: true, entries_max: 9, deadline_ms: 9_000 }).folders[0]?.told).toEqual({ because: "the launcher is a unit of its own and may have another /proc/self/root/tmp" });
  rmSync(join(root, "lib"), { recursive: true });
  expect(because(await told())).toContain("is not there");
  const dead = await chainsOf().look(new Map([["x", command]]), mounts(), () => Promise.reject(new MaestroError("worker.crashed", "killed")));
  expect(because(dead.get("x") ?? { because: "" })).toContain("worker.crashed");
});

test("a large one is looked through again after its time, or when its top is another", async () => {
  for (let i = 0; i < 60; i++) writeFileSync(join(root, "lib/deep/down", String(i)), "");
  const chains = chainsOf();
  const replies: ToolsReply[] = [];
  const look = async (): Promise<Chain | undefined> => (await chains.look(new Map([["x", command]]), mounts(), (job) => Promise.resolve(replies[replies.push(lookAtTools(job)) - 1]!))).get("x");
  const first = await look();
  writeFileSync(join(root, "lib/deep/down/7"), "unseen for a while");
  expect(await look()).toEqual(first!);
  writeFileSync(join(root, "lib/put-in-place"), "");
  const third = await look();
  expect(third).not.toEqual(first!);
  writeFileSync(join(root, "lib/deep/down/8"), "seen in time");
  now_ms += LIMITS.tool_known_ms + 1;
  expect(await look()).not.toEqual(third!);
  const whole = replies.map(({ folders }) => folders.some(({ host, told }) => host.endsWith("lib") && "sha256" in told && told.sha256 !== null));
  expect(whole).toEqual([true, false, true, true]);
});

test("attack: a folder within another command's is looked through for whoever has it alone, in whatever company", async () => {
  const inner = { system: mounts().system, outer: { folders: [{ host: root, inside: "/opt/outer" }] }, inner: { folders: [{ host: join(root, "lib/deep"), inside: "/opt/inner" }] } };
  const small = { ...inner, system: { folders: [{ host: join(root, "bin"), inside: "/bin" }], path: ["/bin"] } };
  const chains = chainsOf();
  const look = async (names: Record<string, string[]>) => (await chains.look(new Map(Object.entries(names).map(([name, mounts]) => [name, { ...command, mounts }])), small, (job) => Promise.resolve(lookAtTools(job)))).get("x");
  const alone = await look({ x: ["inner"] });
  expect(await look({ x: ["inner"], y: ["outer"] })).toEqual(alone!);
  writeFileSync(join(root, "lib/deep/down/part"), "three");
  const after = await look({ x: ["inner"], y: ["outer"] });
  expect(after).not.toEqual(alone!);
  expect(await look({ x: ["inner"] })).toEqual(after!);
});

test("attack: a large tool chain's program is replaced where another command's lies at the same place, or where its own PATH points", async () => {
  for (const name of ["a", "b"]) {
    mkdirSync(join(root, name, "lib/deep"), { recursive: true });
    for (let i = 0; i < 60; i++) writeFileSync(join(root, name, "lib/deep", String(i)), "");
    writeFileSync(join(root, name, "lib/deep/tool"), "one", { mode: 0o755 });
  }
  const at = (name: string, path: string) => ({ folders: [{ host: join(root, name), inside: "/opt/tools" }], path: [path] });
  const offered = { system: { folders: [{ host: join(root, "bin"), inside: "/bin" }] }, a: at("a", "/opt/tools/lib/deep"), b: at("b", "/opt/tools/lib/deep"), elsewhere: at("b", "/opt/nowhere") };
  const commands = new Map([["x", { ...command, mounts: ["a"] }], ["y", { ...command, mounts: ["b"] }], ["z", { ...command, mounts: ["elsewhere"], env: { PATH: "/opt/tools/lib/deep" } }]]);
  const chains = chainsOf();
  const look = () => chains.look(commands, offered, (job) => Promise.resolve(lookAtTools(job)));
  const before = await look();
  expect(await look()).toEqual(before);
  writeFileSync(join(root, "b/lib/deep/tool"), "three");
  const after = await look();
  expect([...commands.keys()].map((name) => Bun.deepEquals(after.get(name), before.get(name)))).toEqual([true, false, false]);
});

test("a look that took long and told nothing is not taken again for every gate; one that failed at once is", async () => {
  const chains = chainsOf();
  const asked: string[][] = [];
  const look = async (took_ms: number, reason: string | null): Promise<string> => {
    const found = await chains.look(new Map([["x", command]]), mounts(), (job) => {
      asked.push(job.folders.map(({ host }) => host));
      now_ms += took_ms;
      const reply = lookAtTools(job);
      return Promise.resolve(reason === null ? reply : { ...reply, folders: reply.folders.map((one) => (one.host.endsWith("/lib") ? { host: one.host, told: { because: reason } } : one)) });
    });
    return because(found.get("x") ?? { because: "nothing" });
  };
  const [bin, lib] = [join(root, "bin"), join(root, "lib")];
  expect(await look(5, "it went")).toContain("it went");
  expect(await look(5_000, "too long")).toContain("too long");
  expect(await look(5, null)).toContain("too long");
  now_ms += LIMITS.tool_known_ms;
  expect(await look(5, null)).toBe("told");
  expect(asked).toEqual([[bin, lib], [bin, lib], [bin], [bin, lib]]);
});
