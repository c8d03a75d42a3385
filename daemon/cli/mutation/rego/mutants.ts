/** All mutants of a policy's Rego: parsed by OPA, changed in its own text. */
import { type Opa, parseRego } from "../opa.ts";
import { identified, type Mutant } from "../mutant.ts";
import type { PolicyFolder } from "../bundle.ts";
import { changesOf } from "./operators.ts";
import { RegoText } from "./text.ts";
import { sitesOf } from "./tree.ts";

/** Of one module's text and what `opa parse` printed of it. Pure. */
export function mutantsOf(file: string, text: string, tree: unknown): Mutant[] {
  const found = sitesOf(new RegoText(text), tree).flatMap((site) =>
    changesOf(site).map(({ operator, replacement, start = site.span.start, end = site.span.end }) => ({ file, operator, rule: site.rule, start, end, replacement })),
  );
  return identified(found, new Map([[file, text]]));
}

/** Of every policy of the folder, in the order of files and places. `folder` holds the copy that is parsed. Throws `cli.usage`. */
export async function regoMutants(opa: Opa, policy: PolicyFolder, folder: string): Promise<readonly Mutant[]> {
  const lists: Mutant[][] = [];
  for (const file of policy.policies) lists.push(mutantsOf(file, policy.files.get(file) ?? "", await parseRego(opa, file, folder)));
  return lists.flat();
}
