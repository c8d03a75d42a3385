/** A check process that answers its one job long after anybody waits. */
import { serve } from "../../platform/process/child.ts";

const LATE_MS = 2_600;

await serve({
  validate: (value) => value,
  async handle() {
    await Bun.sleep(LATE_MS);
    return {};
  },
});
