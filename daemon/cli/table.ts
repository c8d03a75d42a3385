/** Every command. `main.ts` looks into `WORK` first, so that asking for the status reads one file of rows. */
import type { Command } from "./command.ts";
import { AUDITING } from "./table/auditing.ts";
import { BUILDING } from "./table/building.ts";
import { GUARD } from "./table/guard.ts";
import { HOST } from "./table/host.ts";
import { INVARIANTS } from "./table/invariants.ts";
import { KEEPING } from "./table/keeping.ts";
import { LEARN } from "./table/learn.ts";
import { LOG } from "./table/log.ts";
import { MARKET } from "./table/market.ts";
import { MODELS } from "./table/models.ts";
import { MONITORS } from "./table/monitors.ts";
import { PROOF } from "./table/proof.ts";
import { POLICY } from "./table/policy.ts";
import { SHIPPING } from "./table/shipping.ts";
import { SIGSTORE } from "./table/sigstore.ts";
import { UI } from "./table/ui.ts";
import { WORK } from "./table/work.ts";

/** Here, because it is handed the whole table. */
const COMPLETIONS: Command = {
  name: "completions",
  summary: "completion script of a shell, or the manual page",
  positionals: "bash|zsh|fish|man",
  positionals_max: 1,
  options: {},
  load: async () => (await import("./commands/completions.ts")).completing(COMMANDS),
};

export const COMMANDS: readonly Command[] = [...WORK, ...AUDITING, ...BUILDING, ...HOST, ...KEEPING, ...MARKET,
  ...MONITORS, ...PROOF, ...SHIPPING, ...SIGSTORE, LEARN, LOG, MODELS, POLICY, INVARIANTS, GUARD, UI, COMPLETIONS];
