import { MaestroError } from "../../../proto/errors.ts";
import { SOCKET_PATH_BYTES_MAX } from "../../../proto/locations.ts";

/**
 * Refuses what bind(2) would cut short or take for something else. A leading
 * NUL would name an abstract socket, which has no owner and no permissions.
 */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_BYTES_MAX) throw new MaestroError("socket.path_too_long", `${path} has ${bytes} bytes`);
  if (!path.startsWith("/") || path.includes("\0")) throw new MaestroError("config.malformed", `socket path ${JSON.stringify(path)} is not absolute`);
}
