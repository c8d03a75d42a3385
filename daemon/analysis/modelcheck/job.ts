/** What a run of TLC asks of the sandbox. Pure. */
import type { SandboxLimits } from "../../../proto/config.ts";
import type { ModelLimits } from "../../../proto/model.ts";
import { INSIDE, type Mount, type SandboxEnd, type SandboxJob } from "../../platform/sandbox/job.ts";
import type { RunEnd } from "./reading.ts";
import { JAR, JVM_FLAGS, MAIN_CLASS } from "./release.ts";
import type { Java } from "./java.ts";

/** Where the jar lies inside, whatever its place outside: an answer does not depend on where a project was cloned. */
const JAR_FOLDER = "/opt/tla";
export const CLASS_PATH = `${JAR_FOLDER}/${JAR}`;
export const OUTPUT = "tlc.out";
export const COMPLAINTS = "tlc.err";
export const ARCHIVE = "tlc.jsa";
const COMPLAINTS_BYTES_MAX = 64 * 1024;
const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024;
const MiB = 1024 * 1024;
/** Of a JVM beside its heap: code, classes, stacks, the archive. */
const BESIDE_HEAP_MIB = 384;
const THREADS_MAX = 128;
const OPEN_FILES_MAX = 1_024;

/** The jail tells a code above 128 from no signal, so TLC's own come through lower; no word of the specification stands in this text. */
const SCRIPT = `mkdir ${INSIDE.scratch}/t && "$@" >${INSIDE.scratch}/${OUTPUT} 2>${INSIDE.scratch}/${COMPLAINTS}; code=$?; case $code in 15[0-3]) exit $((code - 100));; 255) exit 55;; esac; exit $code`;
const LOWERED = new Map([[50, 150], [51, 151], [52, 152], [53, 153], [55, 255]]);

/** One worker: with several, TLC's own trackers tell of counterexamples that were none and counts that vary. A fixed fingerprint, so that the estimate of collisions is the same each time. */
const TLC_FLAGS: readonly string[] = ["-tool", "-workers", "1", "-fp", "0", "-metadir", `${INSIDE.scratch}/m`];

/** Part of what an answer is kept under: a job of another shape is another question. */
export const PROFILE = JSON.stringify({ v: 1, script: SCRIPT, jvm: JVM_FLAGS, tlc: TLC_FLAGS, tier: "bwrap" });

export interface JobParts {
  readonly java: Java;
  /** The toolchain's folder on the host. */
  readonly folder: string;
  readonly system: readonly Mount[];
  /** Name of an archive in `folder` that may be used. */
  readonly archive: string | null;
  /** One is to be made. */
  readonly archiving?: boolean;
  readonly spec: string;
  readonly tree_dir: string;
  /** Where a wanted file goes, by its name. */
  readonly into: (name: string) => string;
  readonly limits: ModelLimits;
}

function limitsOf({ wall_ms, cpu_s, heap_mib, scratch_bytes_max }: ModelLimits): SandboxLimits {
  return { wall_ms, cpu_s, memory_bytes_max: (heap_mib + BESIDE_HEAP_MIB) * MiB, processes_max: THREADS_MAX, open_files_max: OPEN_FILES_MAX, file_bytes_max: scratch_bytes_max, scratch_bytes_max, output_bytes_max: COMPLAINTS_BYTES_MAX };
}

export function tlcJob({ java, folder, system, archive, archiving = false, spec, tree_dir, into, limits }: JobParts): SandboxJob {
  const below = (path: string): boolean => system.some(({ host }) => path === host || path.startsWith(`${host}/`));
  const shared = archiving ? [`-XX:ArchiveClassesAtExit=${INSIDE.scratch}/${ARCHIVE}`] : archive === null ? [] : [`-XX:SharedArchiveFile=${JAR_FOLDER}/${archive}`, "-Xshare:auto"];
  const wanted = [{ path: OUTPUT, bytes_max: limits.output_bytes_max }, { path: COMPLAINTS, bytes_max: COMPLAINTS_BYTES_MAX }, ...(archiving ? [{ path: ARCHIVE, bytes_max: ARCHIVE_BYTES_MAX }] : [])];
  return {
    argv: ["/bin/sh", "-c", SCRIPT, "tlc", java.program, ...JVM_FLAGS, `-Xmx${limits.heap_mib}m`, ...shared, `-Djava.io.tmpdir=${INSIDE.scratch}/t`, "-cp", CLASS_PATH, MAIN_CLASS, ...TLC_FLAGS, "-config", `${INSIDE.tree}/${spec}.cfg`, `${INSIDE.tree}/${spec}.tla`],
    cwd: INSIDE.scratch,
    tree_dir,
    mounts: [...system, ...[java.home, ...java.folders].filter((path) => !below(path)).map((path) => ({ host: path, inside: path })), { host: folder, inside: JAR_FOLDER }],
    // Nothing of ours: JAVA_TOOL_OPTIONS and CLASSPATH would say what is run.
    env: { PATH: "/usr/bin:/bin", HOME: INSIDE.scratch, LANG: "C.UTF-8" },
    stdin: null,
    wanted: wanted.map((file) => ({ ...file, into: into(file.path) })),
    tail_bytes_max: COMPLAINTS_BYTES_MAX,
    tier: "bwrap",
    limits: limitsOf(limits),
  };
}

/** The end as TLC had it. */
export function endOf(end: SandboxEnd, limits: SandboxLimits): RunEnd {
  if (end.kind === "limit") return { kind: "ended", because: `the run was ended: it passed ${end.limit} (${limits[end.limit]})` };
  if (end.kind === "signal") return { kind: "ended", because: `the run was ended by ${end.signal}` };
  return { kind: "exit", code: LOWERED.get(end.code) ?? end.code };
}
