/**
 * Stands for a daemon about to be killed, with every kind of process it may leave behind.
 * Arguments: state folder, how its processes are watched over, and the odd number of seconds its sleepers sleep, by which a test finds them.
 * Prints one line once all of them run.
 */
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { MemoryWatch } from "../memory-watch.ts";
import { Child, type ChildSpec } from "../supervisor.ts";
import { watchOver } from "../watch-over.ts";

const [state_dir = "", how = "", seconds = ""] = process.argv.slice(2);
const over = how === "nothing" ? null : watchOver({ state_dir, warn: (what) => process.stdout.write(`${what}\n`) });
const spec: ChildSpec = {
  argv: [process.execPath, join(import.meta.dir, "hostile-child.ts"), "serve"],
  cwd: "/",
  env: {},
  limits: { ready_deadline_ms: 10_000, memory_bytes_max: 2 ** 30, reply_bytes_max: 2 ** 20, stderr_bytes_max: 4_096 },
  cgroups: how === "cgroup" ? over?.cgroups : undefined,
};
const job = { validate: (value: unknown) => value, deadline_ms: 60_000 };
const memory = new MemoryWatch();
const fled = new Child(spec, memory);
const stuck = new Child(spec, memory);
await Promise.all([fled.ready, stuck.ready]);
// A control group is left by nobody, not even by a process that sheds its environment; the mark is.
await fled.run({ act: how === "cgroup" ? "flee-bare" : "flee", text: seconds }, job);
void stuck.run({ act: "regex" }, job);
// Reads no pipe, so that the end of its parent does not end it.
void runCommand(["/bin/sleep", seconds], { stdout_bytes_max: 1, deadline_ms: 60_000 });
await Bun.sleep(100);
process.stdout.write(`${JSON.stringify({ cgroup: over?.cgroups?.folder ?? null, leftovers: over?.leftovers ?? 0, stuck: stuck.pid })}\n`);
await Bun.sleep(60_000);
