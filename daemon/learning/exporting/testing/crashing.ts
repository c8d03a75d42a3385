/** Child of `partitions.test.ts`: logs an hour again with one more episode, has it written, and kills itself at the step named. */
import { episodeAt, HOUR_MS } from "./episodes.ts";
import { openWorld } from "./world.ts";

const [state_dir = "", kill_at = "", rows = "0"] = process.argv.slice(2);
const world = openWorld(state_dir, HOUR_MS + 3_600_000, {
  step: (name) => {
    if (name === kill_at) process.kill(process.pid, "SIGKILL");
  },
});
world.log(...Array.from({ length: Number(rows) }, (_, n) => episodeAt(n)));
await world.partitions.write();
await world.close();
