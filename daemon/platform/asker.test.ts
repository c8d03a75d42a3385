import { expect, test } from "bun:test";
import { join } from "node:path";

const CHILD = `const { untilNobodyAsks } = await import(${JSON.stringify(join(import.meta.dir, "asker.ts"))});
const stopped = untilNobodyAsks();
stopped.addEventListener("abort", () => { console.error("stopped"); process.exit(0); });
console.log("ready");
await new Promise(() => setInterval(() => {}, 60_000));`;

test("attack: whoever asked is killed outright, and the program goes on for nobody", async () => {
  // The shell stands between, and what it started outlives it; standard error is ours, and ends when both are gone.
  const asker = Bun.spawn(["sh", "-c", `"$0" -e "$1" & wait`, process.execPath, CHILD], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const { value } = await asker.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("ready\n");
  asker.kill("SIGKILL");
  expect(await asker.stderr.text()).toBe("stopped\n");
}, 60_000);
