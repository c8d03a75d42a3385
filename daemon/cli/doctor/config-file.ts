/** The host's configuration file as the daemon would take it. It is looked at and not read: what it says is the daemon's to judge. */
import { statSync } from "node:fs";
import type { Locations } from "../../../proto/locations.ts";
import { couldOthersWrite } from "../../../proto/operator-file.ts";
import { fail, ok, skip, type Finding } from "./finding.ts";

/** The daemon's user is the owner of the state folder; where there is none yet, whoever asks would start it. */
export function configFileFinding({ host_config_path, state_dir }: Pick<Locations, "host_config_path" | "state_dir">): Finding {
  try {
    const found = statSync(host_config_path, { throwIfNoEntry: false });
    if (found === undefined) return skip("config.file", `nothing lies at ${host_config_path}: without it only an embedded daemon starts`);
    const daemon_uid = statSync(state_dir, { throwIfNoEntry: false })?.uid ?? process.getuid?.() ?? -1;
    const detail = `${host_config_path}, mode ${(found.mode & 0o777).toString(8)}, uid ${found.uid}`;
    if (!found.isFile()) return fail("config.file", `${host_config_path} is no file`, "write the host's configuration there, or name another with MAESTRO_CONFIG");
    if (!couldOthersWrite(found, daemon_uid)) return ok("config.file", detail);
    return fail("config.file", `${detail}: others than root and uid ${daemon_uid} could have written it, so that user's maestrod does not start with it`, `look through it, then chown root ${host_config_path} && chmod go-w ${host_config_path}`);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM")) return skip("config.file", `${host_config_path} is closed to this user`);
    throw error;
  }
}
