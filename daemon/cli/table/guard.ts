import type { Command } from "../command.ts";
import { STATE } from "./work.ts";

export const GUARD: Command = {
  name: "guard",
  summary: "ask the host's invariants about an event before you act on it: exit 0 all hold, 1 one does not; a missing field is a violation. Records nothing; see docs/guards.md",
  positionals: "EVENT",
  positionals_max: 1,
  options: {
    ...STATE,
    with: { type: "string", value: "JSON|-", help: "the event's fields as one JSON object, or - to read it from standard input" },
    old: { type: "string", value: "JSON", help: "after an action: the fields as they were before it" },
    invariant: { type: "boolean", help: "EVENT is the id of one invariant, and only that one is asked" },
  },
  load: () => import("../commands/guard.ts"),
};
