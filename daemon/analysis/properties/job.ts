/** What a run asks of the sandbox. */
import { readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { SandboxLimits } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { PropertyLimits } from "../../../proto/limits.ts";
import { defaultMounts, SYSTEM_MOUNT } from "../../config/tool-mounts.ts";
import { INSIDE, type Mount, type SandboxJob } from "../../platform/sandbox/job.ts";

/** Where a test lies inside; its packages are found above it. */
const PLACE = "/opt/property";
export const TEST_FOLDER = `${PLACE}/test`;
export const TEST = "property.test.ts";
const DRIVE = "drive.ts";
export const LEFT = "left.json";
const OPEN_FILES_MAX = 1_024;
const TAIL_BYTES_MAX = 16 * 1024;

/** fast-check and what it stands on, as they are installed beside this program. */
function packages(): Mount[] {
  try {
    const check = dirname(Bun.resolveSync("fast-check/package.json", Bun.fileURLToPath(new URL(".", import.meta.url))));
    const rand = dirname(Bun.resolveSync("pure-rand/package.json", check));
    return [{ host: realpathSync(check), inside: `${PLACE}/node_modules/fast-check` }, { host: realpathSync(rand), inside: `${PLACE}/node_modules/pure-rand` }];
  } catch (error) {
    throw new MaestroError("sandbox.unavailable", "fast-check is not installed beside this program; npm install brings it", { cause: error });
  }
}

/** Debian's Java reads its own settings there, and does not start without. */
const javaSettings = (): Mount[] => readdirSync("/etc").filter((name) => /^java-[0-9]+-openjdk$/.test(name)).map((name) => ({ host: join("/etc", name), inside: join("/etc", name) }));

const limitsOf = ({ wall_ms, cpu_s, memory_bytes_max, processes_max, scratch_bytes_max }: PropertyLimits): SandboxLimits => ({ wall_ms, cpu_s, memory_bytes_max, processes_max, open_files_max: OPEN_FILES_MAX, file_bytes_max: scratch_bytes_max, scratch_bytes_max, output_bytes_max: 1024 * 1024 });

export interface JobParts {
  readonly work: "test" | "drive";
  /** Host folder with the test and what drives. */
  readonly folder: string;
  readonly tree_dir: string;
  readonly limits: PropertyLimits;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | null;
  readonly into: string;
}

/** The whole tree is there to read, nothing of the machine but its programs. Throws `sandbox.unavailable`. */
export function propertyJob({ work, folder, tree_dir, limits, env, stdin, into }: JobParts): SandboxJob {
  const { [SYSTEM_MOUNT]: system, bun } = defaultMounts(process.execPath);
  const program = `/opt/bun/${basename(realpathSync(process.execPath))}`;
  const left = `${INSIDE.scratch}/${LEFT}`;
  return {
    argv: work === "test" ? [program, "test", "--timeout", String(limits.wall_ms), `${TEST_FOLDER}/${TEST}`] : [program, `${TEST_FOLDER}/${DRIVE}`, left],
    cwd: INSIDE.scratch,
    tree_dir,
    mounts: [...(system?.folders ?? []), ...(bun?.folders ?? []), ...javaSettings(), ...(work === "test" ? packages() : []), { host: folder, inside: TEST_FOLDER }],
    env: { PATH: "/opt/bun:/usr/local/bin:/usr/bin:/bin", HOME: INSIDE.scratch, LANG: "C.UTF-8", PROPERTY_REPORT: left, PROPERTY_CWD: INSIDE.tree, ...env },
    stdin: stdin === null ? null : Buffer.from(stdin),
    wanted: [{ path: LEFT, bytes_max: limits.report_bytes_max, into }],
    tail_bytes_max: TAIL_BYTES_MAX,
    tier: "bwrap",
    limits: limitsOf(limits),
  };
}
