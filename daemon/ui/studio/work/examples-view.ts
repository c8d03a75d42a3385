/** The document's own examples, tried as one types. */
import type { PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { Reply } from "../running/protocol.ts";
import type { ExampleRow } from "../running/examples.ts";
import type { Studio } from "../studio.ts";
import type { Asking } from "./asking.ts";
import { other } from "./parts.ts";

/** A shape and a word beside the colour. */
const STATES: Readonly<Record<ExampleRow["state"], readonly [shape: string, look: string]>> = { "as declared": ["\u2713", "proved"], otherwise: ["\u2717", "failed"], "not tried": ["\u00b7", "absent"] };

const SAID = "What is said";
const LACKS = ["!", "unknown"] as const;

/** Green alone would say that the rule means what it was written for. */
function lacking(rows: readonly ExampleRow[]): PageElement[] {
  const found = rows.filter(({ missing }) => missing.length > 0);
  const [first] = found;
  if (first === undefined) return [];
  const names = [...new Set(found.flatMap(({ missing }) => missing))];
  return [h("p", { class: "remark" }, other(`${found.length === 1 ? `${first.path} breaks` : `${found.length} of them break`} only because ${names.join(" and ")} ${names.length === 1 ? "is" : "are"} missing: give ${names.length === 1 ? "it" : "them"} a value, or ask ${names.map((name) => `has(${name})`).join(" and ")} in the rule.`))];
}

function rowOf({ path, declared, shown, state, said, missing }: ExampleRow): PageElement {
  const lacks = missing.length > 0;
  const [shape, look] = lacks ? LACKS : STATES[state];
  const word = lacks ? "breaks, for a field is missing" : state === "as declared" ? (declared === "holds" ? "holds" : "breaks") : state;
  const cells: readonly (readonly [string, PageElement | string])[] = [["Says", h("span", {}, declared)], ["Found", h("span", { class: `badge ${look}` }, h("span", { "aria-hidden": "true" }, shape), ` ${word}`)], ["Example", other(shown)], [SAID, other(said)]];
  return h("tr", { "data-path": path }, ...cells.map(([label, cell]) => h("td", { "data-label": label, ...(label === SAID ? { class: "words" } : {}) }, cell)));
}

function drawn(rows: readonly ExampleRow[]): PageElement {
  const wrong = rows.filter(({ state }) => state === "otherwise").length;
  const tried = rows.filter(({ state }) => state !== "not tried").length;
  const count = tried === 0 ? "not tried: the rule has a mistake" : wrong === 0 ? `all ${rows.length} show what they say` : `${wrong} of ${rows.length} ${wrong === 1 ? "shows" : "show"} something else than it says`;
  const head = h("tr", {}, ...["Says", "Found", "Example", SAID].map((name) => h("th", { scope: "col" }, name)));
  return h("div", {}, h("p", { id: "examples-count" }, count), ...lacking(rows), h("table", { class: "list" }, h("caption", { class: "unseen" }, "Examples"), h("thead", {}, head), h("tbody", {}, ...rows.map(rowOf))));
}

export function examplesView(studio: Studio, asking: Asking): PageElement {
  const body = h("div", { id: "examples" });
  let newest = 0;
  const show = (reply: Reply): void => {
    if ("examples" in reply && reply.examples !== null) body.replaceChildren(drawn(reply.examples));
    else if ("examples" in reply) {
      const there = studio.store.draft.value["examples"] !== undefined;
      body.replaceChildren(h("p", { class: "hint", id: "examples-count" }, there ? "not tried: the document has a mistake" : "The document has none. One that holds and one that breaks show that the rule says what you mean."));
    } else if ("failed" in reply) body.replaceChildren(h("p", { class: "hint" }, other(reply.failed)));
  };
  studio.onLooked(() => {
    const asked = ++newest;
    asking.ask({ ask: "examples", text: studio.store.draft.text, beside: studio.beside }, (reply) => void (asked === newest && show(reply)));
  });
  return h("section", { "aria-labelledby": "examples-title" }, h("h2", { id: "examples-title" }, "Examples, tried"), body);
}
