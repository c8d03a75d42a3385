import type { CommandModule } from "../command.ts";
import { release } from "../releasing.ts";

export const run: CommandModule["run"] = (invocation) => release("override", invocation);
