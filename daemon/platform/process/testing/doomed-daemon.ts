/** Stands for a daemon about to be killed: one child stuck in a regex, one warm and idle. Prints their pids once both are so. */
import { join } from "node:path";
import { MemoryWatch } from "../memory-watch.ts";
import { Child, type ChildSpec } from "../supervisor.ts";

const spec: ChildSpec = {
  argv: [process.execPath, join(import.meta.dir, "hostile-child.ts"), "serve"],
  cwd: "/",
  env: {},
  limits: { ready_deadline_ms: 10_000, memory_bytes_max: 2 ** 30, reply_bytes_max: 2 ** 20, stderr_bytes_max: 4_096 },
};
const memory = new MemoryWatch();
const stuck = new Child(spec, memory);
const idle = new Child(spec, memory);
await Promise.all([stuck.ready, idle.ready]);
void stuck.run({ act: "regex" }, { validate: (value) => value, deadline_ms: 60_000 });
await Bun.sleep(100);
await Bun.write(Bun.stdout, `${JSON.stringify({ stuck: stuck.pid, idle: idle.pid })}\n`);
await Bun.sleep(60_000);
