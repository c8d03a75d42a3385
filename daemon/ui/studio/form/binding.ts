/** Fields of the form and what they show: each is of one path of the document, and has a place for what is wrong with it. */
import type { Path, PlacedProblem } from "../../../invariants/index.ts";
import type { PageElement, PageTyped } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";
import { valueAt, type Held } from "../state.ts";
import { excerptOf } from "./excerpt.ts";

/** As problems name it. */
export const nameOf = (path: Path): string => path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
export const idOf = (path: Path): string => `f-${path.join("-").replace(/[^A-Za-z0-9-]/g, "_")}`;

export interface Bound {
  readonly path: Path;
  readonly control: PageTyped;
  /** Puts the value into the control. */
  readonly show: (value: unknown) => void;
}

interface Shown extends Bound {
  readonly name: string;
  readonly problem: PageElement;
  readonly hints: readonly string[];
  said: string;
}

/** The nearest of the names that the path is of or within. */
function nearest(path: string, names: ReadonlySet<string>): string | null {
  for (let name = path; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf("."), name.lastIndexOf("[")))) if (names.has(name)) return name;
  return null;
}

/** Says each problem at the nearest field of all that there are. */
export function mark(parts: readonly Bindings[], problems: readonly PlacedProblem[]): void {
  const names = new Set(parts.flatMap((part) => part.names()));
  const of = new Map<string, PlacedProblem[]>();
  for (const problem of problems) {
    const name = nearest(problem.path, names);
    if (name !== null) of.set(name, [...(of.get(name) ?? []), problem]);
  }
  for (const part of parts) part.mark(of);
}

/** Those of one part of the form: they go with it. */
export class Bindings {
  private readonly bound: Shown[] = [];

  /** Gives back the place for what is wrong; `hints` are ids of what explains the field. */
  bind(one: Bound, hints: readonly string[]): PageElement {
    const problem = h("div", { class: "wrong", id: `${one.control.id}-wrong` });
    problem.hidden = true;
    this.bound.push({ ...one, name: nameOf(one.path), problem, hints, said: "" });
    this.describe(one.control, hints);
    return problem;
  }

  private describe(control: PageTyped, ids: readonly string[]): void {
    if (ids.length === 0) control.removeAttribute("aria-describedby");
    else control.setAttribute("aria-describedby", ids.join(" "));
  }

  /** Everything but the field somebody types in, whose text is newer. */
  sync(value: Held, active: PageElement | null): void {
    for (const { path, control, show } of this.bound) if (control !== active) show(valueAt(value, path));
  }

  names(): string[] {
    return this.bound.map(({ name }) => name);
  }

  /** `of`: by the name of the field that each problem is said at. */
  mark(of: ReadonlyMap<string, readonly PlacedProblem[]>): void {
    for (const one of this.bound) {
      const found = of.get(one.name) ?? [];
      const said = JSON.stringify([found.map(({ offset, message, fix, path }) => [offset, message, fix, path]), found.length === 0 ? "" : one.control.value]);
      if (said === one.said) continue;
      one.said = said;
      one.problem.replaceChildren(...found.map((problem) => sentenceOf(problem, one)));
      one.problem.hidden = found.length === 0;
      if (found.length === 0) one.control.removeAttribute("aria-invalid");
      else one.control.setAttribute("aria-invalid", "true");
      this.describe(one.control, found.length === 0 ? one.hints : [...one.hints, `${one.control.id}-wrong`]);
    }
  }
}

function sentenceOf({ offset, message, fix, path }: PlacedProblem, { name, control }: Shown): PageElement {
  const here = path === name && offset !== null;
  const { text, mark } = here ? excerptOf(control.value, offset) : { text: "", mark: "" };
  const place = here ? [h("pre", { "aria-hidden": "true", tabindex: "-1" }, `${text}\n${mark}`), h("span", { class: "unseen" }, `At character ${offset + 1}: `)] : path === name ? [] : [h("code", {}, foreign(path)), " "];
  return h("div", {}, ...place, h("span", { class: "what" }, foreign(message)), "; ", h("span", { class: "fix" }, foreign(fix)));
}
