/** Stands for a daemon that is killed while its helper waits for a remote: asks for a tip and says so. */
import { mkdirSync } from "node:fs";
import { systemClock } from "../../platform/clock.ts";
import { watchOver } from "../../platform/process/watch-over.ts";
import { createEgress } from "../index.ts";
import { HOST_REPO, MAIN, tableOf } from "./rig.ts";

const [remote = "", state_dir = ""] = Bun.argv.slice(2);
mkdirSync(state_dir, { recursive: true });
watchOver({ state_dir, warn: (what) => void process.stderr.write(`${what}\n`) });
const egress = createEgress({ host: tableOf({ remote }), state_dir, git_folder: "/usr/bin", clock: systemClock });
process.stdout.write("asking\n");
await egress.tip({ id: HOST_REPO, remote, target_refs: [MAIN] }, MAIN);
