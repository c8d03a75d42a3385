/** The document's own examples: what each is said to show, and what it shows. The compiler judges them; here its words are put beside each. */
import type { InvariantDocument } from "../../../../proto/invariant.ts";
import { givenValue } from "../../../invariants/document/examples.ts";
import { missingIn } from "./run.ts";
import type { Compiled, Context, Fields, Look } from "../../../invariants/index.ts";

type Examples = NonNullable<InvariantDocument["examples"]>;
type Example = Exclude<Examples["holds"], readonly unknown[]>;

export interface ExampleRow {
  /** As problems name it: `examples.breaks[1]`. */
  readonly path: string;
  readonly declared: "holds" | "breaks";
  readonly shown: string;
  readonly state: "as declared" | "otherwise" | "not tried";
  /** The rule's own message of a breach, what is wrong with the example, or why it was not tried. */
  readonly said: string;
  /** It breaks only because these fields are missing, which says little of what the rule means; empty where it does not. */
  readonly missing: readonly string[];
}

const listOf = (given: Examples["holds"]): readonly Example[] => (Array.isArray(given) ? given : [given]);

function given(values: Example["with"], fields: Fields): Context {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, givenValue(value, fields.get(name)?.type ?? { name: "string" })]));
}

/** Messages of the conditions that one event breaks, and which fields it lacks where nothing else breaks it. */
function brokenBy(example: Example, { assert, pre, post, fields, fieldsByEvent }: Compiled): Pick<ExampleRow, "said" | "missing"> {
  if (example.with === undefined) return { said: "", missing: [] };
  const types = fieldsByEvent.get(example.event ?? "") ?? fields;
  const event = given(example.with, types);
  const old = example.old === undefined ? undefined : given(example.old, types);
  const judged = [...assert.map((one) => one.check(event)), ...pre.map((one) => one.check(old ?? event)), ...post.map((one) => one.check(event, old === undefined ? {} : { old }))];
  const broken = judged.filter((one) => !one.ok);
  const missing = broken.map(missingIn);
  return { said: broken.map(({ message }) => message).join("; "), missing: [...new Set(missing.every((name) => name !== null) ? missing : [])] };
}

const eventText = ({ at, event, with: fields }: NonNullable<Example["trace"]>[number]): string => `${at} ${event ?? "(nothing more)"}${fields === undefined ? "" : ` ${JSON.stringify(fields)}`}`;

function shownOf({ event, with: fields, old, trace }: Example): string {
  if (trace !== undefined) return trace.map(eventText).join(" \u2192 ");
  return `${event === undefined ? "" : `${event} `}${old === undefined ? "" : `${JSON.stringify(old)} \u2192 `}${JSON.stringify(fields ?? {})}`;
}

/** `look` of the text as it is now. Where the rule itself is not whole nothing is tried. */
export function exampleRows({ compiled, problems }: Pick<Look, "compiled" | "problems">, examples: Examples): readonly ExampleRow[] {
  const whole = compiled !== null && problems.every(({ path }) => path.startsWith("examples"));
  return (["holds", "breaks"] as const).flatMap((declared) =>
    listOf(examples[declared]).map((example, i): ExampleRow => {
      const path = Array.isArray(examples[declared]) ? `examples.${declared}[${i}]` : `examples.${declared}`;
      const row = { path, declared, shown: shownOf(example) };
      if (!whole) return { ...row, state: "not tried", said: "the rule has a mistake: mend that first", missing: [] };
      const mine = problems.filter((problem) => problem.path === path || problem.path.startsWith(`${path}.`) || problem.path.startsWith(`${path}[`));
      // Mistakes of other examples do not keep this one from being tried.
      if (mine.length > 0) return { ...row, state: "otherwise", said: mine.map(({ message, fix }) => `${message}; ${fix}`).join(". "), missing: [] };
      return { ...row, state: "as declared", ...(declared === "breaks" ? brokenBy(example, compiled) : { said: "", missing: [] }) };
    }),
  );
}
