/**
 * Listens as the daemon does and says who connected, until it is killed.
 * Arguments: path, mode in octal, LISTEN_PID ("own" for this process) or "-".
 */
import { listen } from "../listen.ts";
import { peerOf } from "../peer.ts";

const [path = "", mode = "600", listen_pid = "-"] = process.argv.slice(2);
const inherited = listen_pid === "-" ? {} : { inherited: { pid: listen_pid === "own" ? process.pid : Number(listen_pid), fds: 1 } };
const listening = await listen({ path, mode: parseInt(mode, 8), ...inherited }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.end(JSON.stringify(peerOf(socket)));
});
process.on("SIGTERM", () => {
  listening.close();
  process.exit(0);
});
console.log("listening");
