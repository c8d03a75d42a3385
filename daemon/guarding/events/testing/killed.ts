/** Reports one call, says so, and waits to be killed. argv: state folder. */
import { DeskRig } from "./desk.ts";

const rig = new DeskRig(process.argv[2] ?? "");
const reply = rig.desk.report("web", { source: "run-1", events: [{ seq: 7, event: "call", with: { agent: "a" } }] });
process.stdout.write(`${JSON.stringify(reply)}\n`);
setInterval(() => undefined, 1_000);
