import type { Command } from "../command.ts";
import { STATE } from "./work.ts";

export const LEARN: Command = {
  name: "learn",
  summary: "what was decided, and what may be learned from it: status says what decides, episodes what was decided, export makes Parquet files of a router's episodes, fit a candidate of them, eval says whether it may decide: exit 0 promote, 1 reject, 3 insufficient support",
  positionals: "status | episodes [ROUTER] | export ROUTER | fit ROUTER | eval FILE",
  positionals_max: 2,
  options: {
    ...STATE,
    out: { type: "string", value: "PATH", help: "export: the folder to make; fit: the file to make; eval: a folder for the report as JSON, Markdown and SVG" },
    "count-min": { type: "string", value: "N", help: "fit: an arm seen less often in a cell is left as the baseline has it (default 30)" },
    from: { type: "string", value: "TIME", help: "export, episodes: decided then or later, UTC, such as 2026-11-22 or 2026-11-22T23 (episodes: default the last hour)" },
    to: { type: "string", value: "TIME", help: "export: episodes decided before" },
    split: { type: "string", value: "WHICH", help: "export, episodes: search (default), safety or all. What you look at in safety can judge no candidate any more" },
    unlearnable: { type: "boolean", help: "export: also what nothing is learned from: forced, still open, without a reward" },
  },
  load: () => import("../commands/learn.ts"),
};
