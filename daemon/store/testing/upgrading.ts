/** Child of `upgrade.test.ts`: upgrades a folder and kills itself at the step named. Prints every step it came to. */
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { upgradeStore } from "../upgrade.ts";

const [state_dir = "", kill_at = ""] = process.argv.slice(2);
const upgraded = await upgradeStore({
  state_dir,
  limits: Value.Create(StoreLimits),
  fatal: () => process.exit(70),
  step(name) {
    process.stdout.write(`${name}\n`);
    if (name === kill_at) process.kill(process.pid, "SIGKILL");
  },
});
process.stdout.write(`done ${JSON.stringify(upgraded)}\n`);
