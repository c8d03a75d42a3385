/** The fields of one event of an example: those that the rule reads and those that the example has. The others are under a lid, which stays as somebody left it. */
import type { Fields, Path } from "../../../invariants/index.ts";
import type { PageBox, PageDetails, PageDocument, PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { isHeld } from "../state.ts";
import type { Studio } from "../studio.ts";
import { idOf } from "./binding.ts";
import { valueOf, type Form } from "./fields.ts";
import { readBy } from "./reads.ts";

declare const document: PageDocument;

interface Standing {
  /** Those of the form as it stands now. */
  groups: ExampleFields[];
  /** Whose lid is open, by their titles: a form that is built anew leaves it open. */
  readonly opened: Set<string>;
}

const STANDING = new WeakMap<Studio, Standing>();

function standingIn({ studio }: Form): Standing {
  const known = STANDING.get(studio);
  if (known !== undefined) return known;
  const standing: Standing = { groups: [], opened: new Set() };
  STANDING.set(studio, standing);
  studio.store.watch((_, __, action) => {
    // Of another document nobody has looked at anything yet.
    const other = action?.do === "open";
    if (other) standing.opened.clear();
    for (const group of standing.groups) group.draw(other);
  });
  return standing;
}

/** Brings what stands in `place` to `wanted`, both in one order: what stays is not touched, or it would lose its cursor. */
function stand(place: PageBox, wanted: readonly PageElement[]): void {
  const kept = new Set<PageElement>(wanted);
  for (let child = place.firstChild; child !== null; ) {
    const next = child.nextSibling;
    if (!kept.has(child)) child.remove();
    child = next;
  }
  let child = place.firstChild;
  for (const one of wanted) {
    if (one === child) child = child.nextSibling;
    else place.insertBefore(one, child);
  }
}

class ExampleFields {
  readonly element: PageBox;
  private readonly shown = h("div", { class: "values" }) as PageBox;
  private readonly rest = h("div", { class: "values" }) as PageBox;
  private readonly lid: PageDetails;
  private readonly summary: PageElement;
  private readonly made = new Map<string, PageElement>();
  /** Names that stand above the lid. */
  private above: ReadonlySet<string> = new Set();

  constructor(private readonly form: Form, private readonly path: Path, private readonly fields: Fields, title: string, private readonly make: (name: string) => PageElement, opened: Set<string>) {
    this.summary = h("summary", { id: `${idOf(path)}-more` });
    this.lid = h("details", { class: "more" }, this.summary, this.rest) as PageDetails;
    this.lid.open = opened.has(title);
    this.lid.addEventListener("toggle", () => {
      if (this.lid.open) opened.add(title);
      else opened.delete(title);
      this.draw();
    });
    this.element = h("div", { role: "group", "aria-label": title }, this.shown, this.lid) as PageBox;
    this.draw();
  }

  private field(name: string): PageElement {
    const made = this.made.get(name) ?? this.make(name);
    this.made.set(name, made);
    return made;
  }

  /** In which nothing goes from under somebody's cursor: who stands in here sees what is more, and what is less only later. */
  private wanted(names: readonly string[], has: (name: string) => boolean): ReadonlySet<string> {
    const read = readBy(this.form.studio.store.draft.value);
    // Where the rule reads none of them yet nobody can say which it will be about.
    const wanted = names.some((name) => read.has(name)) ? names.filter((name) => read.has(name) || has(name)) : names;
    if (!this.element.contains(document.activeElement)) return new Set(wanted);
    return new Set([...this.above, ...wanted.filter((name) => !this.lid.open || !this.made.has(name))]);
  }

  draw(other = false): void {
    if (other) this.lid.open = false;
    const held = valueOf(this.form, this.path);
    const own = isHeld(held) ? Object.keys(held) : [];
    const names = [...new Set([...this.fields.keys(), ...own])];
    this.above = this.wanted(names, (name) => own.includes(name));
    const others = names.filter((name) => !this.above.has(name));
    this.lid.hidden = others.length === 0;
    this.summary.textContent = `More fields (${others.length})`;
    stand(this.shown, names.filter((name) => this.above.has(name)).map((name) => this.field(name)));
    // Nobody waits for fields that nobody asked for.
    stand(this.rest, this.lid.open ? others.map((name) => this.field(name)) : []);
  }
}

/** Before a form's examples are made: those of the form before are not drawn any more. */
export const clearExampleFields = (form: Form): void => void (standingIn(form).groups = []);

/** `make` makes the field of that name. */
export function exampleFields(form: Form, path: Path, fields: Fields, title: string, make: (name: string) => PageElement): PageElement {
  const { groups, opened } = standingIn(form);
  const group = new ExampleFields(form, path, fields, title, make, opened);
  groups.push(group);
  return group.element;
}
