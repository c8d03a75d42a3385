/** The host's configuration where it lies: it says whom to believe and what is required, so it is believed like a trust file. */
import type { HostConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { readOperatorFile } from "../platform/operator-file.ts";
import { parseHostConfig } from "./host.ts";
import { CONFIG_BYTES_MAX } from "./yaml.ts";

/** Throws `config.malformed` for a file that is not there or that others could have written, and as `parseHostConfig`. */
export function readHostConfig(path: string): HostConfig {
  const read = readOperatorFile(path, CONFIG_BYTES_MAX);
  if (!("because" in read)) return parseHostConfig(read.bytes, path);
  const remedy = read.cause === undefined ? "it must belong to root or to the daemon's user, and nobody else may write to it (chown, chmod go-w)" : "give --config FILE, or --embedded for a private daemon";
  throw new MaestroError("config.malformed", `${path} ${read.because}; ${remedy}`, { cause: read.cause });
}
