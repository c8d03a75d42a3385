/**
 * A process that starts `maestrod`, gates some changes through it and ends it, for a rig that watches or injures the daemon. Prints what each
 * gate came to. Arguments: the state folder, how many changes, and the daemon's program where it is not the source.
 */
import { mkdirSync, mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import { MaestroClient } from "../../client/maestro.ts";
import { planChange } from "../../client/pack.ts";
import { Source } from "../../platform/git/testing/scratch.ts";
import type { Acknowledged } from "./evidence-writer.ts";

/** A gate that was promised nothing, by the failure's code. */
export interface Refused {
  readonly refused: string;
}

const SOURCE = join(import.meta.dir, "../../main.ts");
const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 10_000;

async function gateOne(client: MaestroClient, source: Source, n: number): Promise<Acknowledged> {
  source.git("switch", "-q", "--detach", "main");
  await source.commit({ [`src/${n}.ts`]: `export const n = ${n};\n` }, `change ${n}`);
  const { repository, object_format, cuts, tips, target_ref, target, head, pack } = await planChange(source.path, { target: "main" });
  const { intake_id } = await client.openIntake({ repository, object_format, cuts: [...cuts], tips: [...tips] });
  await client.sendPack(intake_id, pack);
  let answer: Acknowledged | null = null;
  for await (const event of client.gate({ intake_id, target_ref, target, head })) {
    if (event.event === "result") answer = { gate_id: event.gate_id, attempt: event.attempt, log_index: event.proof.log_index, bundle: `sha256:${event.proof.bundle_sha256}` };
  }
  if (answer === null) throw new MaestroError("daemon.unreachable", "the gate had no result");
  return answer;
}

async function tryGate(client: MaestroClient, source: Source, n: number): Promise<Acknowledged | Refused> {
  try {
    return await gateOne(client, source, n);
  } catch (error) {
    if (error instanceof MaestroError) return { refused: error.code };
    throw error;
  }
}

async function started(client: MaestroClient, daemon: Bun.Subprocess): Promise<boolean> {
  for (const ends_ms = performance.now() + START_DEADLINE_MS; performance.now() < ends_ms; await Bun.sleep(20)) {
    if (await client.answers()) return true;
    if (daemon.exitCode !== null || daemon.signalCode !== null) return false;
  }
  return false;
}

if (import.meta.main) {
  const [state_dir = "", count = "2", maestrod = SOURCE] = process.argv.slice(2);
  const work = mkdtempSync(join(tmpdir(), "md-"));
  const socket = join(work, "s");
  const daemon = Bun.spawn([process.execPath, maestrod, "--embedded", "--state", state_dir, "--socket", socket], { cwd: "/", env: { HOME: work, PATH: Bun.env["PATH"] ?? "" }, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const client = new MaestroClient(socket);
  // Always the same name, so that the daemon keeps it under the same path.
  const folder = join(work, "demo");
  mkdirSync(folder);
  const source = new Source(folder);
  source.git("init", "-q", "--template=", "-b", "main");
  await source.commit({ "src/a.ts": "export const a = 1;\n" }, "first");
  const up = await started(client, daemon);
  for (let n = 0; up && n < Number(count); n++) writeSync(1, `${JSON.stringify(await tryGate(client, source, n))}\n`);
  daemon.kill("SIGTERM");
  const late = setTimeout(() => daemon.kill("SIGKILL"), STOP_DEADLINE_MS);
  await daemon.exited;
  clearTimeout(late);
  rmSync(work, { recursive: true, force: true });
  process.exit(up ? 0 : 1);
}
