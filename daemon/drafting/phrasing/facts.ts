/** What a model is shown: the facts the rules found, bounded, masked and defanged; never the change itself but for the exemplars handed in. */
import { pathText } from "../../../proto/scalar.ts";
import type { DraftTask } from "../../../proto/drafting.ts";
import { plain } from "../quote.ts";
import { declared, fullName } from "../scan/names.ts";
import type { Study } from "../study.ts";
import { decisive } from "../tasks/triage.ts";
import type { ShippedPrompt } from "./prompts.ts";

export interface Exemplar {
  readonly sha256: string;
  readonly text: string;
}

export interface ModelPrompt {
  readonly system: string;
  readonly user: string;
}

const FILES_MAX = 24;
const NAMES_MAX = 32;
const REASONS_MAX = 6;
const RISKS_MAX = 10;
const EXEMPLAR_CHARACTERS_MAX = 600;
const EXEMPLARS_MAX = 4;
/** About half a context of 4,096 tokens. */
const FACTS_CHARACTERS_MAX = 7_000;

function factsOf(study: Study, task: DraftTask): Readonly<Record<string, unknown>> {
  const { files, names, dependencies, risks, classed, card } = study;
  const common = { kind: classed.kind, risk: classed.risk };
  if (task === "triage") {
    const reasons = decisive(study).slice(0, REASONS_MAX).map(({ rule, because, ranges, findings }) => ({ rule: plain(rule), because: plain(because, 200), at: ranges.slice(0, 2).map(({ path, start_line }) => plain(`${pathText(path)}:${start_line}`)), says: findings.slice(0, 2).map(({ finding }) => plain(finding.message, 200)) }));
    return { ...common, verdict: card.verdict, reasons };
  }
  return {
    ...common,
    files: files.slice(0, FILES_MAX).map(({ path, change, added, removed }) => ({ path: plain(path), status: change.status, added: added.length, removed: removed.length })),
    names: names.slice(0, NAMES_MAX).map((change) => ({ name: plain(fullName(change), 60), what: declared(change).what, how: change.how })),
    dependencies: dependencies.slice(0, NAMES_MAX).map(({ name, from, to }) => ({ name: plain(name, 60), from: from === null ? null : plain(from, 30), to: to === null ? null : plain(to, 30) })),
    risks: risks.slice(0, RISKS_MAX).map(({ area, level, path, because }) => ({ area, level, path: plain(path), because })),
  };
}

export function modelPrompt(study: Study, task: DraftTask, prompt: ShippedPrompt, exemplars: readonly Exemplar[]): ModelPrompt {
  const own = exemplars.slice(0, EXEMPLARS_MAX).map(({ text }) => plain(text, EXEMPLAR_CHARACTERS_MAX));
  let facts = JSON.stringify(factsOf(study, task));
  // Cut facts would be no JSON; fewer of them are.
  if (facts.length > FACTS_CHARACTERS_MAX) facts = JSON.stringify(factsOf({ ...study, files: study.files.slice(0, 8), names: study.names.slice(0, 8), risks: study.risks.slice(0, 4), dependencies: study.dependencies.slice(0, 8) }, task)).slice(0, 4 * FACTS_CHARACTERS_MAX);
  return { system: prompt.text, user: `${own.length === 0 ? "" : `Code of this repository, for its style alone:\n${own.join("\n")}\n\n`}Facts:\n${facts}` };
}
