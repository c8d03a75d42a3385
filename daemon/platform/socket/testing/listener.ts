/**
 * Listens as the daemon does and says who connected, until it is killed.
 * Arguments: path, mode in octal, LISTEN_PID ("own" for this process) or "-".
 */
import { inheritedSockets } from "../../../config/environment.ts";
import { listen } from "../listen.ts";
import { peerOf } from "../peer.ts";

const [path = "", mode = "600", listen_pid = "-"] = process.argv.slice(2);
process.env["LISTEN_FDS"] = listen_pid === "-" ? "0" : "1";
process.env["LISTEN_PID"] = listen_pid === "own" ? `${process.pid}` : listen_pid;
const [inherited] = inheritedSockets();
const listening = await listen({ path, mode: parseInt(mode, 8), ...(inherited === undefined ? {} : { inherited }) }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.end(JSON.stringify(peerOf(socket)));
});
process.on("SIGTERM", () => {
  listening.close();
  process.exit(0);
});
console.log("listening");
