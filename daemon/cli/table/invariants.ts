import type { Command } from "../command.ts";

export const INVARIANTS: Command = {
  name: "invariants",
  summary: "rules about events, in YAML: check compiles them and tries their examples (exit 0 all whole, 1 mistakes), show says what one means to each engine, coverage which tables, routes and acts of the daemon are guarded (exit 1 below 90 %), test drives declared code with cases until one is broken, generate prints such a test to keep, schema is for an editor; see docs/invariants.md and docs/property-tests.md",
  positionals: "check [PATH...] | show ID [PATH...] | coverage | test [TARGET...] | generate TARGET | schema [events|targets]",
  positionals_max: 1_000,
  options: {
    events: { type: "string", value: "FILE", help: "check: ask every rule of recorded events, one JSON document a line: {\"event\": NAME, \"at\": TIME, \"with\": {...}}" },
    folder: { type: "string", value: "DIR", help: "test, generate: where invariants and targets.yaml lie (invariants)" },
    invariant: { type: "string", value: "ID", help: "test, generate: only this one of a target's invariants" },
    runs: { type: "string", value: "N", help: "test: cases, instead of what the target declares" },
    seed: { type: "string", value: "N", help: "test: other cases; a failure names its seed" },
    path: { type: "string", value: "N:N:...", help: "test: the shrunk case of that seed, as a failure names it" },
    out: { type: "string", value: "FILE", help: "generate: write it there instead of printing it" },
  },
  load: () => import("../commands/invariants.ts"),
};
