/** Writes a rule into the studio's form as a person does: with keys, field by field. */
import type { Page } from "puppeteer-core";
import type { Example, InvariantDocument } from "../../../proto/invariant.ts";
import { examplesIn, exampleText, lineOfFields } from "../studio/form/examples.ts";
import { idOf } from "../studio/form/binding.ts";

type Declared = NonNullable<InvariantDocument["fields"]>;
type Clauses = NonNullable<InvariantDocument["assert"]>;

class Author {
  constructor(private readonly page: Page, private readonly keys: (text: string) => Promise<void>) {}

  /** The form may be built anew at any moment, and then keeps the cursor where it is: so it is found, entered and marked in one go. Says whether something stands there. */
  private async enter(id: string): Promise<boolean> {
    const go = `(() => { const one = document.getElementById(${JSON.stringify(id)}); one?.focus(); one?.select?.(); return one === null ? "" : typeof one.value === "string" && one.value !== "" ? "filled" : "empty"; })()`;
    // Waiting takes a browser longer than looking, and mostly it is there.
    const at_once = await this.page.evaluate(go);
    const found = at_once === "" ? await (await this.page.waitForFunction(go)).jsonValue() : at_once;
    return found === "filled";
  }

  async press(id: string): Promise<void> {
    await this.enter(id);
    await this.page.keyboard.press("Enter");
  }

  async type(id: string, text: string): Promise<void> {
    if (await this.enter(id)) await this.page.keyboard.press("Backspace");
    await this.keys(text);
    // Leaves as a person does; an open list closes by it.
    await this.page.keyboard.press("Tab");
  }

  async fields(fields: Declared): Promise<void> {
    for (const [i, [name, declaration]] of Object.entries(fields).entries()) {
      const { type, tainted = false, about } = typeof declaration === "string" ? { type: declaration } : declaration;
      await this.press("f-fields-add");
      await this.type(`f-fields-name-${i}`, name);
      await this.type(idOf(["fields", name]), type);
      if (about !== undefined) await this.type(idOf(["fields", name, "about"]), about);
      if (tainted) {
        await this.enter(idOf(["fields", name, "on"]));
        await this.page.keyboard.press(" ");
      }
    }
  }

  async clauses(name: "assert" | "pre" | "post", clauses: Clauses): Promise<void> {
    for (const [i, { expr, message }] of clauses.entries()) {
      await this.press(`f-${name}-add`);
      await this.type(idOf([name, i, "expr"]), expr);
      if (message !== undefined) await this.type(idOf([name, i, "message"]), message);
    }
  }

  async temporal(clauses: NonNullable<InvariantDocument["temporal"]>): Promise<void> {
    for (const [i, { formula, message, only }] of clauses.entries()) {
      await this.press("f-temporal-add");
      await this.type(idOf(["temporal", i, "formula"]), formula);
      if (message !== undefined) await this.type(idOf(["temporal", i, "message"]), message);
      if (only === undefined) continue;
      await this.enter(idOf(["temporal", i, "only", "on"]));
      await this.page.keyboard.press(" ");
    }
  }

  private async trace(path: readonly (string | number)[], trace: NonNullable<Example["trace"]>): Promise<void> {
    for (const [i, { at, event, with: fields }] of trace.entries()) {
      if (i > 1) await this.press(`${idOf([...path, "trace"])}-add`);
      await this.type(idOf([...path, "trace", i, "at"]), at);
      if (event !== undefined) await this.type(idOf([...path, "trace", i, "event"]), event);
      if (fields !== undefined) await this.type(idOf([...path, "trace", i, "with"]), lineOfFields(fields));
    }
  }

  /** What the rule does not read is under a lid. */
  private async exampleField(path: readonly (string | number)[], name: string, text: string): Promise<void> {
    const [id, lid] = [idOf([...path, name]), `${idOf(path)}-more`];
    await this.page.waitForFunction(`document.getElementById(${JSON.stringify(lid)}) !== null`);
    if (await this.page.evaluate(`document.getElementById(${JSON.stringify(id)}) === null`)) await this.press(lid);
    await this.type(id, text);
  }

  async examples(kind: "holds" | "breaks", given: NonNullable<InvariantDocument["examples"]>["holds"], both: boolean): Promise<void> {
    for (const [i, example] of (examplesIn(given) as readonly Example[]).entries()) {
      const path = ["examples", kind, ...(i === 0 ? [] : [i])];
      await this.press(example.trace !== undefined && both ? `f-examples-${kind}-add-trace` : `f-examples-${kind}-add`);
      if (example.trace !== undefined) await this.trace(path, example.trace);
      for (const part of ["old", "with"] as const) for (const [name, value] of Object.entries(example[part] ?? {})) await this.exampleField([...path, part], name, exampleText(value));
    }
  }
}

/** From an empty form to the whole rule; `keys` types a text where the cursor is. What no form has, such as an event beside an example's fields, is left out. */
export async function author(page: Page, rule: InvariantDocument, keys = (text: string) => page.keyboard.type(text)): Promise<void> {
  const by = new Author(page, keys);
  for (const name of ["id", "scope"] as const) await by.type(`f-${name}`, rule[name]);
  if (rule.severity !== undefined) await page.select("#f-severity", rule.severity);
  for (const name of ["owner", "rationale"] as const) if (rule[name] !== undefined) await by.type(`f-${name}`, rule[name]);
  for (const [i, { event }] of rule.when.entries()) {
    await by.press("f-when-add");
    await by.type(idOf(["when", i, "event"]), event);
  }
  if (rule.fields !== undefined) await by.fields(rule.fields);
  for (const name of ["assert", "pre", "post"] as const) if (rule[name] !== undefined) await by.clauses(name, rule[name]);
  if (rule.temporal !== undefined) await by.temporal(rule.temporal);
  if (rule.per !== undefined) await by.type("f-per", Array.isArray(rule.per) ? rule.per.join(", ") : rule.per);
  if (rule.keys_max !== undefined) await by.type("f-keys_max", String(rule.keys_max));
  const both = rule.temporal !== undefined && (rule.assert ?? rule.pre ?? rule.post) !== undefined;
  if (rule.examples !== undefined) for (const kind of ["holds", "breaks"] as const) await by.examples(kind, rule.examples[kind], both);
}
