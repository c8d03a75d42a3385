/** `maestro policy mutate` over invariants: are a rule's examples worth anything? No other program is needed. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fromUtf8 } from "../../../../proto/encoding.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import { INVARIANT_BYTES_MAX, INVARIANT_FILES_MAX } from "../../../../proto/invariant.ts";
import { readNamed } from "../../bounded-file.ts";
import { EQUIVALENTS_FILE } from "../bundle.ts";
import { readEquivalents } from "../equivalent.ts";
import type { RunFacts } from "../faces.ts";
import type { MutateOptions } from "../index.ts";
import { sampled } from "../mutant.ts";
import { score, type Score, type Tried } from "../score.ts";
import { invariantMutants } from "./mutants.ts";

const yamlIn = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() && /\.ya?ml$/.test(entry.name) ? [entry.name] : [])).sort();

/** Whether the folder holds invariants: YAML with an id and what it is asked of, and no Rego beside it. */
export function holdsInvariants(folder: string): boolean {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  if (readdirSync(folder).some((name) => name.endsWith(".rego"))) return false;
  return yamlIn(folder).some((name) => /^id:/m.test(readFileSync(join(folder, name), "utf8")));
}

/** Hundreds of mutants take less than a second, so nothing is said on the way. Throws `cli.usage` for rules that are not whole. */
export function mutateInvariants(folder: string, { goals, time_ms_max, sample }: Omit<MutateOptions, "progress">): { readonly facts: RunFacts; readonly result: Score } {
  const names = yamlIn(folder);
  if (names.length > INVARIANT_FILES_MAX) throw new MaestroError("request.too_large", `${folder}: ${names.length} files, limit ${INVARIANT_FILES_MAX}`);
  const files = names.map((name) => {
    const text = fromUtf8(readNamed(join(folder, name), INVARIANT_BYTES_MAX));
    if (text === null) throw new MaestroError("cli.usage", `${name} is not valid UTF-8`);
    return { name, text };
  });
  const declared_in = join(folder, EQUIVALENTS_FILE);
  const declared = readEquivalents(statSync(declared_in, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(declared_in, "utf8") : "");
  const { mutants, examples, judge } = invariantMutants(files);
  const chosen = sample === null ? mutants : sampled(mutants, sample.count, sample.seed);
  const until = performance.now() + time_ms_max;
  const tried = chosen.map((mutant): Tried => {
    if (performance.now() > until) return { ...mutant, fate: "not-run", by: null };
    return { ...mutant, ...judge(mutant) };
  });
  const facts: RunFacts = { bundle: folder, tool: "the examples of the rules themselves", tests: examples, sample: chosen.length === mutants.length || sample === null ? null : { of: mutants.length, seed: sample.seed } };
  return { facts, result: score(tried, new Set(mutants.map(({ id }) => id)), declared, goals) };
}
