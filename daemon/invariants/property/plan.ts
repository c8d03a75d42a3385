/** What one target is asked about one invariant: read once, for the test that is printed, the cases that are driven and the judge. */
import { type ArgumentDeclaration, type PropertyTarget } from "../../../proto/property.ts";
import type { Compiled } from "../document/build.ts";
import type { Clause } from "../document/clauses.ts";
import { emitArbitraries } from "../emit/arbitrary.ts";
import { everyNode, type Node } from "../types/node.ts";
import { parseType, type Type } from "../types/type.ts";

export type PropertyInvariant = Compiled & { readonly file: string };

export interface Argument {
  readonly name: string;
  readonly type: Type;
  readonly min: number | null;
  readonly max: number | null;
  /** Values around which the rule turns, as whole numbers or as text. */
  readonly edges: readonly (number | string)[];
  readonly may_be_missing: boolean;
}

export interface Action {
  readonly name: string;
  readonly args: readonly Argument[];
  /** Whether the invariant is asked after it. */
  readonly asked: boolean;
}

export interface Plan {
  readonly target: string;
  readonly kind: "function" | "model" | "command";
  readonly module: string;
  readonly export: string;
  readonly argv: readonly string[];
  readonly returns: string | null;
  readonly invariant: PropertyInvariant;
  /** A function is one action. */
  readonly actions: readonly Action[];
  /** Whether the state before any action is asked too: it is no event of anybody's. */
  readonly initial: boolean;
  readonly runs: number;
  readonly steps_max: number;
  /** Every field of the invariant's events: what a state is compared by. */
  readonly fields: readonly string[];
}

const RUNS = 200;
const STEPS_MAX = 20;

/** Those that its conditions read. */
export const fieldsRead = ({ assert, pre, post }: PropertyInvariant): ReadonlySet<string> => new Set(nodesOf([...assert, ...pre, ...post]).flatMap((node) => [...everyNode(node)]).flatMap((node) => (node.kind === "field" || node.kind === "has" ? [node.name] : [])));

const nodesOf = (clauses: readonly Clause[]): Node[] => clauses.map(({ node }) => node);

function edgesOf(arbitrary: ReturnType<typeof emitArbitraries>[string]["arbitrary"] | undefined): readonly (number | string)[] {
  if (arbitrary?.kind === "integer") return arbitrary.edges.map(Number).filter((edge) => Number.isSafeInteger(edge) && Math.abs(edge) > 1);
  return arbitrary?.kind === "string" ? arbitrary.edges.filter((edge) => edge !== "") : [];
}

function functionArguments(target: PropertyTarget, invariant: PropertyInvariant): Argument[] {
  const tries = emitArbitraries(nodesOf([...invariant.assert, ...invariant.pre, ...invariant.post]), invariant.fields);
  return (target.function?.args ?? []).flatMap((argument) => {
    const { field: name, min = null, max = null } = typeof argument === "string" ? { field: argument } : argument;
    const field = invariant.fields.get(name);
    return field === undefined ? [] : [{ name, type: field.type, min, max, edges: edgesOf(tries[name]?.arbitrary), may_be_missing: tries[name]?.may_be_missing ?? false }];
  });
}

function actionArguments(args: Readonly<Record<string, ArgumentDeclaration>>): Argument[] {
  return Object.entries(args).flatMap(([name, declaration]) => {
    const { type: text, min = null, max = null } = typeof declaration === "string" ? { type: declaration } : declaration;
    const type = parseType(text);
    return "wrong" in type ? [] : [{ name, type, min, max, edges: [], may_be_missing: false }];
  });
}

/** What is asked, or why nothing can be. */
export function planOf(name: string, target: PropertyTarget, invariant: PropertyInvariant): Plan | { readonly because: string } {
  if (invariant.assert.length + invariant.post.length === 0) return { because: `${invariant.id} has neither assert nor post: what is expected of time is for the monitor and the model checker` };
  const kind = target.function !== undefined ? "function" : target.model !== undefined ? "model" : "command";
  const declared = Object.entries(target.actions ?? {});
  const given = declared.some(([, { event }]) => event !== undefined);
  const asked = ({ event }: { readonly event?: string }): boolean => !given || (event !== undefined && invariant.events.includes(event));
  const actions = kind === "function" ? [{ name: target.function?.export ?? "", args: functionArguments(target, invariant), asked: true }] : declared.map(([action, declaration]) => ({ name: action, args: actionArguments(declaration.args ?? {}), asked: asked(declaration) }));
  if (!actions.some((action) => action.asked)) return { because: `no action of ${name} is an event of ${invariant.id}, which is asked of ${invariant.events.join(", ")}` };
  return {
    target: name,
    kind,
    module: (target.function ?? target.model)?.module ?? "",
    export: (target.function ?? target.model)?.export ?? "",
    argv: target.command?.argv ?? [],
    returns: target.function?.returns ?? null,
    invariant,
    actions,
    initial: kind !== "function" && !given,
    runs: target.runs ?? RUNS,
    steps_max: kind === "function" ? 1 : (target.steps_max ?? STEPS_MAX),
    fields: [...invariant.fields.keys()].sort(),
  };
}
