/** All mutants of a folder of invariants, and what the documents' own examples say of each. Pure. */
import type { CompileOptions } from "../../../invariants/index.ts";
import { compileRepository } from "../../../invariants/repository.ts";
import { compileYaml } from "../../../invariants/document/compile.ts";
import { readYaml, type YamlText } from "../../../invariants/document/yaml.ts";
import { parseExpression, parseFormula } from "../../../invariants/syntax/formula.ts";
import { print, printFormula } from "../../../invariants/syntax/print.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import type { InvariantDocument } from "../../../../proto/invariant.ts";
import { idOf, type Mutant, SHOWN_CHARACTERS_MAX } from "../mutant.ts";
import type { Fate } from "../score.ts";
import { changedExpressions, changedFormulas, type Operator } from "./operators.ts";

interface File {
  readonly name: string;
  readonly text: string;
}

const CLAUSES = ["assert", "pre", "post"] as const;
type Section = (typeof CLAUSES)[number] | "temporal";

/** A place of a document and what may stand there instead. */
interface Site {
  readonly section: Section;
  readonly index: number;
  readonly written: string;
  readonly found: readonly { readonly operator: Operator; readonly before: string; readonly after: string; readonly whole: string }[];
}

/** What a model alone checks has no example that would notice. */
function sitesOf(document: InvariantDocument): Site[] {
  const conditions = CLAUSES.flatMap((section) =>
    (document[section] ?? []).map(({ expr }, index): Site => ({ section, index, written: expr, found: changedExpressions(parseExpression(expr)).map(({ changed, ...one }) => ({ ...one, whole: print(changed) })) })),
  );
  const formulas = (document.temporal ?? []).flatMap(({ formula, only }, index): Site[] =>
    only === "model" ? [] : [{ section: "temporal", index, written: formula, found: changedFormulas(parseFormula(formula)).map(({ changed, ...one }) => ({ ...one, whole: printFormula(changed) })) }],
  );
  return [...conditions, ...formulas];
}

interface Read {
  readonly yaml: YamlText;
  readonly document: InvariantDocument;
  readonly options: CompileOptions;
}

export interface InvariantMutants {
  readonly mutants: readonly Mutant[];
  readonly examples: number;
  judge(mutant: Mutant): { readonly fate: Fate; readonly by: string | null };
}

const count = (examples: InvariantDocument["examples"]): number => [examples?.holds, examples?.breaks].reduce((sum, one) => sum + (one === undefined ? 0 : Array.isArray(one) ? one.length : 1), 0);

/** What its own examples say of a document with another text at that place. */
function judged({ yaml, document, options }: Read, { section, index }: Site, whole: string): { readonly fate: Fate; readonly by: string | null } {
  const value: unknown = structuredClone(yaml.value);
  const clause = Reflect.get(Reflect.get(value as object, section) as object, index) as object;
  Reflect.set(clause, section === "temporal" ? "formula" : "expr", whole);
  const result = compileYaml({ ...yaml, value }, options);
  if ("ok" in result) return { fate: "survived", by: null };
  const [first] = result.errors;
  return { fate: first?.path.startsWith("examples") === true ? "killed" : "stillborn", by: first === undefined ? null : `${document.id} ${first.path}: ${first.message}`.slice(0, 300) };
}

/** All of one document, each with the question whether its examples notice. */
function ofDocument(file: string, read: Read, text: string, seen: Map<string, number>): (readonly [Mutant, () => ReturnType<typeof judged>])[] {
  const { yaml, document } = read;
  return sitesOf(document).flatMap((site) => {
    const { line, column } = yaml.placeOf([site.section, site.index, site.section === "temporal" ? "formula" : "expr"]);
    const start = text.split("\n").slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, column - 1);
    // Two operators may come to the same text.
    const found = [...new Map(site.found.map((one) => [one.whole, one])).values()];
    return found.map(({ operator, before, after, whole }) => {
      const id = idOf([operator, file, `${document.id} ${site.section}`, before, after], seen);
      return [{ id, operator, file, line, start, end: start + site.written.length, before: before.slice(0, SHOWN_CHARACTERS_MAX), replacement: after }, () => judged(read, site, whole)] as const;
    });
  });
}

/** Throws `cli.usage` for rules that are not whole, or have no examples: nothing could be said then. */
export function invariantMutants(files: readonly File[]): InvariantMutants {
  const folder = compileRepository(files);
  const [wrong] = folder.errors;
  if (wrong !== undefined) throw new MaestroError("cli.usage", `${wrong.file}:${wrong.line}: ${wrong.message}; see maestro invariants check`);
  const texts = new Map(files.map(({ name, text }) => [name, text]));
  const examples = folder.compiled.reduce((sum, { document }) => sum + count(document.examples), 0);
  if (examples === 0) throw new MaestroError("cli.usage", "no invariant here has examples: without them no mutant can be killed");
  const seen = new Map<string, number>();
  const all = folder.compiled.flatMap(({ file, document }) => {
    const text = texts.get(file) ?? "";
    const yaml = readYaml(text);
    return "problem" in yaml ? [] : ofDocument(file, { yaml, document, options: { events: folder.events } }, text, seen);
  });
  const questions = new Map(all.map(([{ id }, ask]) => [id, ask]));
  return {
    mutants: all.map(([mutant]) => mutant),
    examples,
    judge: ({ id }) => {
      const ask = questions.get(id);
      if (ask === undefined) throw new TypeError("a mutant of another folder");
      return ask();
    },
  };
}
