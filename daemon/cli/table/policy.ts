import type { Command } from "../command.ts";

/** What is asked of a policy itself, without a change and without a daemon. */
export const POLICY: Command = {
  name: "policy",
  summary: "mutate puts small faults into a policy, one at a time, and counts how many its own tests notice (default: the shipped policy; needs opa), or into a folder of invariants, by their examples. See docs/policy-mutation.md",
  positionals: "mutate [FOLDER]",
  positionals_max: 2,
  options: {
    "min-score": { type: "string", value: "PERCENT", help: "exit 1 where fewer are noticed (default: 92)" },
    sample: { type: "string", value: "N", help: "try N of them only; which ones, --seed says" },
    seed: { type: "string", value: "N", help: "with --sample: the same seed chooses the same ones (default: 1)" },
    time: { type: "string", value: "SECONDS", help: "stop after this long; what was not tried is said, and fails (default: 900)" },
  },
  load: () => import("../commands/policy.ts"),
};
