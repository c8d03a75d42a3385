/** For a run of many test files, the programs they start are first made into one file each: see daemon/testing/programs.ts. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runQuietly, step } from "./steps.mjs";

/** Fewer files start fewer programs than it takes to make them. */
const FILES_MIN = 12;
const FOLDER = /^programs-(\d+)$/;

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

/** Of runs that were killed. */
function sweep(toolchain) {
  for (const name of readdirSync(toolchain)) {
    const pid = Number(FOLDER.exec(name)?.[1] ?? NaN);
    if (!Number.isNaN(pid) && !alive(pid)) rmSync(join(toolchain, name), { recursive: true, force: true });
  }
}

/**
 * Made anew for each run, so that no run starts what another one's source was.
 * @param run is handed what the environment of the tests says besides; resolves with what it resolves with
 */
export async function withPrograms(bun, root, files, run) {
  if (files.length < FILES_MIN) return run({});
  const toolchain = join(root, ".toolchain");
  sweep(toolchain);
  const folder = join(toolchain, `programs-${process.pid}`);
  try {
    const { code, output } = await step("making the programs that tests start", () => runQuietly(bun, [join("daemon", "testing", "programs.ts"), "--out", folder], { cwd: root }));
    if (code !== 0) process.stderr.write(`maestro: the tests start the source, because it could not be made into programs: ${output.trim().slice(-1000)}\n`);
    return await run(code === 0 ? { MAESTRO_TEST_PROGRAMS: folder } : {});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
