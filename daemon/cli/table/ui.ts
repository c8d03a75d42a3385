import type { Command } from "../command.ts";
import { FORCE, STATE } from "./work.ts";

export const UI: Command = {
  name: "ui",
  summary: "the pages in your browser: Decision Cards, the Invariant Studio, the verifier; runs until Ctrl-C. See docs/pages.md",
  positionals: "[cards|studio|verifier]",
  positionals_max: 1,
  options: {
    ...STATE,
    open: { type: "boolean", help: "start the browser too" },
    port: { type: "string", value: "PORT", help: "port on 127.0.0.1 (default: the same for this folder each time, another where it is taken)" },
    folder: { type: "string", value: "DIR", help: "folder of invariants that the studio reads and saves (default: invariants/ of this repository)" },
    key: { type: "string", value: "FILE", help: "sign what is approved from the page with this SSH key: one with a passphrase, or a security key (default: the user you run as is the proof)" },
    agent: { type: "boolean", help: "sign it with a key that your ssh-agent holds: one added with ssh-add -c, or a security key" },
    out: { type: "string", value: "FILE", help: "write the page instead: it opens from disk without a network, and reads the files that are dropped on it" },
    ...FORCE,
  },
  load: () => import("../commands/ui.ts"),
};
