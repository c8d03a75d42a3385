import type { Static } from "@sinclair/typebox";
import { MaestroError } from "../../../../proto/errors.ts";
import { didYouMean, type Values } from "../../command.ts";
import { connectOrStart } from "../../connect.ts";
import type { RulesInput } from "../schemas.ts";
import type { Said } from "../tool.ts";

/** Every rule in short, or those of one name with their reasons and examples. Throws `cli.usage` for a name that is none. */
export async function listRules(values: Values, { rule, check }: Static<typeof RulesInput>): Promise<Said> {
  const { client } = await connectOrStart(values);
  const { rules } = await client.rules();
  const chosen = rules.filter((doc) => (rule === undefined || doc.rule === rule) && (check === undefined || doc.check === check));
  if (chosen.length === 0) throw new MaestroError("cli.usage", `there is no such rule${didYouMean(rule ?? check ?? "", rules.flatMap((doc) => [doc.rule, doc.check]))}`);
  const whole = rule !== undefined || check !== undefined;
  const shown = chosen.map(({ rule: name, check: of, title, effects, mode, why, passes, fails, cannot_see }) => ({ rule: name, check: of, title, effects, mode, ...(whole ? { why, passes, fails, cannot_see } : {}) }));
  return { headline: `${shown.length} rules`, structured: { rules: shown } };
}
