/** Which folders of the host a job may be shown, and where. */
import { realpathSync } from "node:fs";
import { MaestroError } from "../../../../proto/errors.ts";
import { INSIDE, type Mount } from "../job.ts";
import type { Removed } from "./protections.ts";
import type { Place, WireJob } from "../wire.ts";

/** Ours to lay out; a mount there would replace what keeps the job in. */
const RESERVED = [INSIDE.tree, INSIDE.scratch, "/proc", "/dev", "/sys", "/.maestro", "/host"] as const;

/** Of the host: sockets of services, devices and the kernel's own files. Whatever a configuration says, none of them is shown. */
const NEVER_SHOWN = ["/run", "/dev", "/proc", "/sys"] as const;

/** The job with every folder of the host as its real path. Throws `sandbox.failed` naming the folder that may not be shown. */
export function placedJob(job: WireJob, place: Place, removed: Removed): WireJob {
  for (const mount of job.mounts) insideOf(mount);
  const guard = removed.has("private-paths") ? () => undefined : (path: string) => refusePrivate(path, place);
  const real = (path: string): string => {
    const found = realPath(path);
    guard(found);
    return found;
  };
  return { ...job, tree_dir: real(job.tree_dir), mounts: job.mounts.map(({ host, inside }) => ({ host: real(host), inside })) };
}

function insideOf({ inside }: Mount): void {
  const segments = inside.split("/");
  const plain = inside.startsWith("/") && segments.slice(1).every((segment) => segment !== "" && segment !== "." && segment !== "..");
  if (!plain) throw new MaestroError("sandbox.failed", `a mount at ${JSON.stringify(inside)}: give an absolute path without . and ..`);
  if (RESERVED.some((reserved) => within(inside, reserved))) throw new MaestroError("sandbox.failed", `a mount at ${inside}: that place is the sandbox's own`);
}

function refusePrivate(path: string, { private_paths, work_paths }: Place): void {
  const works = work_paths.map(realPathOrItself).some((work) => path !== work && within(path, work));
  for (const hidden of [...NEVER_SHOWN, ...private_paths.map(realPathOrItself)]) {
    if (within(hidden, path) || (within(path, hidden) && !works)) throw new MaestroError("sandbox.failed", `the mount of ${path} would show ${hidden}, which no job may see; name another folder`);
  }
}

const within = (path: string, folder: string): boolean => path === folder || folder === "/" || path.startsWith(`${folder}/`);

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new MaestroError("sandbox.failed", `${path} cannot be mounted: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** A private folder that is not there yet hides nothing, but its name stays forbidden. */
function realPathOrItself(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
