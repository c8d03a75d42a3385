/** What is kept: where it came from, and how long it stays. */
import type { Command } from "../command.ts";
import { ON_DEMAND } from "./work.ts";

export const KEEPING: readonly Command[] = [
  {
    name: "lineage",
    summary: "where a gate came from and what came of it, by digest, and what of it is still kept; how long each class is kept (classes), hold, unhold and forget a gate. See docs/lineage.md",
    positionals: "ID | classes | hold ID | unhold ID | forget ID",
    positionals_max: 2,
    options: {
      ...ON_DEMAND,
      reason: { type: "string", value: "TEXT", help: "with hold: why; kept with it" },
      yes: { type: "boolean", help: "with forget: what goes is gone, only its tombstone and its log entries stay" },
    },
    load: () => import("../commands/lineage.ts"),
  },
];
