import type { Command } from "../command.ts";
import { STATE } from "./work.ts";

/** The log for strangers and for its operator. */
export const LOG: Command = {
  name: "log",
  summary: "the transparency log: monitor shows that it only grew, check reads all of it, export makes files of it, rotate changes its key",
  positionals: "monitor|check|export|rotate",
  positionals_max: 1,
  options: {
    ...STATE,
    log: { type: "string", value: "WHERE", help: "folder of the log's files, or a daemon's socket (default: the daemon that runs, else the state folder)" },
    key: { type: "string", value: "VKEY", help: "monitor, check: the log's key, or a file such as log.vkey that holds it" },
    trust: { type: "string", value: "FILE", help: "monitor, check: a trust file that names the log's keys" },
    from: { type: "string", value: "FILE", help: "monitor: a checkpoint from before, a log receipt, or what monitor remembered" },
    remember: { type: "string", value: "FILE", help: "monitor: where the newest verified checkpoint is kept, and read from next time" },
    proof: { type: "string", value: "FILE", help: "monitor: where to write the proof from the checkpoint of before to the newest one, for a witness or the verifier page" },
    full: { type: "boolean", help: "monitor: read every entry and tile, as check does" },
    out: { type: "string", value: "DIR", help: "export: the folder to make" },
    at: { type: "string", value: "SIZE", help: "export: the log as it was at so many entries" },
    checkpoint: { type: "string", value: "FILE", help: "export: the signed checkpoint to export, where the log cannot sign it again" },
    prepare: { type: "boolean", help: "rotate: only make the next key, and the file for an operator to sign over" },
    activate: { type: "boolean", help: "rotate: go on under the key that was prepared" },
  },
  load: () => import("../commands/log.ts"),
};
