import type { Command } from "../command.ts";

export const INVARIANTS: Command = {
  name: "invariants",
  summary: "rules about events, in YAML: check compiles them and tries their examples (exit 0 all whole, 1 mistakes), show says what one means to each engine, schema is for an editor; see docs/invariants.md",
  positionals: "check [PATH...] | show ID [PATH...] | schema [events]",
  positionals_max: 1_000,
  options: {},
  load: () => import("../commands/invariants.ts"),
};
