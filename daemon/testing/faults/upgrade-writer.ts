/** A process that makes an old state folder, or upgrades one as a daemon does that starts on it. Prints a line once each is done. */
import { writeSync } from "node:fs";
import { openStore } from "../../store/db.ts";
import { forgetOld, upgradeStore } from "../../store/upgrade.ts";
import { limits, makeOld } from "./old-state.ts";

if (import.meta.main) {
  const [state_dir = "", task = "old"] = process.argv.slice(2);
  if (task === "old") {
    await makeOld(state_dir);
  } else {
    const opening = { state_dir, limits, fatal: () => process.exit(70) };
    await upgradeStore(opening);
    const store = openStore(opening);
    forgetOld(state_dir);
    await store.close();
  }
  writeSync(1, `${JSON.stringify({ task })}\n`);
  process.exit(0);
}
