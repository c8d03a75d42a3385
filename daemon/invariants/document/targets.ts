/** `targets.yaml`: the code that property tests drive. Looked over against the invariants it names. */
import { TargetsDocument, type ArgumentDeclaration, type PropertyTarget } from "../../../proto/property.ts";
import { nearest } from "../../../proto/suggest.ts";
import { parseType } from "../types/type.ts";
import type { Compiled } from "./build.ts";
import type { Report } from "./fields.ts";
import { Problems } from "./build.ts";
import type { Problem } from "../problem.ts";
import type { Path } from "./path.ts";
import { shaped } from "./shape.ts";
import type { YamlText } from "./yaml.ts";

export type Targets = ReadonlyMap<string, PropertyTarget>;

export const isTargets = ({ value }: YamlText): boolean => typeof value === "object" && value !== null && Object.hasOwn(value, "targets");

const KINDS = ["function", "model", "command"] as const;

function bounds(declaration: Exclude<ArgumentDeclaration, string> | { readonly min?: number; readonly max?: number }, type: string, path: Path, report: Report): void {
  const { min, max } = declaration;
  if (min === undefined && max === undefined) return;
  if (!/^(?:int|money|duration)$/.test(type)) report(path, `min and max bound whole numbers, and this is ${type}`, "leave them away");
  else if (min !== undefined && max !== undefined && min > max) report(path, `there is no number from ${min} to ${max}`, "write the smaller one as min");
}

interface Named {
  readonly invariants: ReadonlyMap<string, Compiled>;
  /** Ids whose documents have mistakes of their own. */
  readonly broken: ReadonlySet<string>;
}

function lookOver(target: PropertyTarget, path: Path, { invariants, broken }: Named, report: Report): void {
  const kinds = KINDS.filter((kind) => target[kind] !== undefined);
  if (kinds.length !== 1) report(path, `a target is one of ${KINDS.join(", ")}, and this is ${kinds.length === 0 ? "none" : kinds.join(" and ")}`, "write one of them; see docs/property-tests.md");
  if (target.function === undefined && target.actions === undefined) report(path, "nothing says which actions there are", "add actions: {NAME: {args: {FIELD: TYPE}}}");
  if (target.function !== undefined && (target.actions ?? target.steps_max) !== undefined) report(path, "a function has no actions", "leave actions and steps_max away, or declare a model");
  for (const [i, id] of target.invariants.entries()) {
    const compiled = invariants.get(id);
    if (compiled === undefined) {
      if (broken.has(id)) continue;
      const near = nearest(id, [...invariants.keys()]);
      report([...path, "invariants", i], `there is no invariant ${id}`, near === null ? "name one of this folder" : `did you mean ${near}?`);
      continue;
    }
    for (const [at, argument] of (target.function?.args ?? []).entries()) {
      const { field, ...range } = typeof argument === "string" ? { field: argument } : argument;
      const declared = compiled.fields.get(field);
      if (declared === undefined) report([...path, "function", "args", at], `${id} has no field ${field}`, `it has ${[...compiled.fields.keys()].join(", ") || "none"}`);
      else bounds(range, declared.type.name, [...path, "function", "args", at], report);
    }
    const returns = target.function?.returns;
    if (returns !== undefined && !compiled.fields.has(returns)) report([...path, "function", "returns"], `${id} has no field ${returns}`, `it has ${[...compiled.fields.keys()].join(", ") || "none"}`);
  }
  for (const [action, { args = {} }] of Object.entries(target.actions ?? {})) {
    for (const [name, declaration] of Object.entries(args)) {
      const here = [...path, "actions", action, "args", name];
      const type = parseType(typeof declaration === "string" ? declaration : declaration.type);
      if ("wrong" in type) report(here, type.wrong, "write int, money, double, bool, string, duration, enum[a, b] or list<T>");
      else if (typeof declaration !== "string") bounds(declaration, type.name, here, report);
    }
  }
}

/** Every target of one file, or every mistake in it. */
export function readTargets(yaml: YamlText, invariants: ReadonlyMap<string, Compiled>, broken: ReadonlySet<string>): { readonly targets: Targets; readonly problems: readonly Problem[] } {
  const shape = shaped(TargetsDocument, yaml);
  if ("problems" in shape) return { targets: new Map(), problems: shape.problems };
  const problems = new Problems(yaml);
  for (const [name, target] of Object.entries(shape.value.targets)) lookOver(target, ["targets", name], { invariants, broken }, problems.report);
  return { targets: problems.found.length > 0 ? new Map() : new Map(Object.entries(shape.value.targets)), problems: problems.found };
}
