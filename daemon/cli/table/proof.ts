/** What is shown about a design before there is code that could be tested. */
import type { Command } from "../command.ts";
import { FORCE } from "./work.ts";

export const PROOF: readonly Command[] = [
  {
    name: "modelcheck",
    summary: "check the TLA+ models of a folder with TLC in the sandbox. Exit 0 all hold and every broken twin is refused, 1 one does not, 3 one could not be told; see docs/modelcheck.md",
    positionals: "[SPEC...]",
    positionals_max: 256,
    options: {
      folder: { type: "string", value: "DIR", help: "where NAME.tla and NAME.cfg lie (default: specs)" },
      "no-cache": { type: "boolean", help: "run each, whatever was answered before" },
    },
    load: () => import("../commands/modelcheck.ts"),
  },
  {
    name: "cex",
    summary: "show a counterexample out of a file or an evidence bundle: what breaks, step by step, and how to see it; or import a trace of Apalache or Quint, or one written by hand, and hold it against an invariant (exit 0 it breaks it, 3 it does not). See docs/formal-gate.md",
    positionals: "show FILE | import FILE",
    positionals_max: 2,
    options: {
      itf: { type: "boolean", help: "show: print its trace in the format of Apalache and Quint (ITF)" },
      invariant: { type: "string", value: "ID", help: "import: the invariant that the trace is held against" },
      folder: { type: "string", value: "DIR", help: "import: where invariants lie (invariants)" },
      out: { type: "string", value: "FILE", help: "import: keep the counterexample there" },
      ...FORCE,
    },
    load: () => import("../commands/cex.ts"),
  },
];
