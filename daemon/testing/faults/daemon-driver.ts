/** A process that starts `maestrod`, gates some changes through it and ends it, for a rig that watches or injures the daemon. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroClient } from "../../client/maestro.ts";
import { planChange } from "../../client/pack.ts";
import { Source } from "../../platform/git/testing/scratch.ts";

const MAESTROD = join(import.meta.dir, "../../main.ts");
const START_DEADLINE_MS = 60_000;

async function gateOne(client: MaestroClient, source: Source, n: number): Promise<void> {
  source.git("switch", "-q", "--detach", "main");
  await source.commit({ [`src/${n}.ts`]: `export const n = ${n};\n` }, `change ${n}`);
  const { repository, object_format, cuts, tips, target_ref, target, head, pack } = await planChange(source.path, { target: "main" });
  const { intake_id } = await client.openIntake({ repository, object_format, cuts: [...cuts], tips: [...tips] });
  await client.sendPack(intake_id, pack());
  let answered = false;
  for await (const { event } of client.gate({ intake_id, target_ref, target, head })) answered ||= event === "result";
  if (!answered) throw new Error("the gate had no result");
}

if (import.meta.main) {
  const [state_dir = "", count = "2"] = process.argv.slice(2);
  const work = mkdtempSync(join(tmpdir(), "md-"));
  const socket = join(work, "s");
  const daemon = Bun.spawn([process.execPath, MAESTROD, "--embedded", "--state", state_dir, "--socket", socket], { cwd: "/", env: { HOME: work, PATH: process.env["PATH"] ?? "" }, stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  const client = new MaestroClient(socket);
  for (const ends_ms = performance.now() + START_DEADLINE_MS; !(await client.answers()); await Bun.sleep(20)) {
    if (daemon.exitCode !== null || performance.now() > ends_ms) throw new Error(`maestrod did not start: ${daemon.exitCode}`);
  }
  const source = new Source(work);
  source.git("init", "-q", "--template=", "-b", "main");
  await source.commit({ "src/a.ts": "export const a = 1;\n" }, "first");
  for (let n = 0; n < Number(count); n++) await gateOne(client, source, n);
  daemon.kill("SIGTERM");
  const code = await daemon.exited;
  rmSync(work, { recursive: true, force: true });
  process.exit(code);
}
