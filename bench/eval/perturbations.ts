/**
 * The same change, written otherwise: five ways that leave its meaning alone. An answer to one is brought back to the words of the
 * original before it is graded, so that it is asked for the same facts.
 */
import type { Change, Files } from "./changes.ts";
import type { Report, Scenario } from "./scenario.ts";

export const PERTURBATIONS = ["renamed", "reordered", "retitled", "noisy", "moved"] as const;
export type Perturbation = (typeof PERTURBATIONS)[number];

export interface Perturbed {
  readonly scenario: Scenario;
  readonly change: Change;
  /** What the answer is graded against. */
  readonly graded: Change;
  readonly restored: (text: string) => string;
}

const CODE = /\.(?:[cm]?[jt]sx?|py|go|rs|c|h|sh|rb|java)$/;
const HASHED = /\.(?:py|sh|rb)$/;
const DECLARED = /\b(?:function|def|func|class|interface|type|const|let)\s+([A-Za-z_]\w{3,})/g;
const KEPT = new Set(["main", "test", "describe", "expect"]);
const SUFFIX = "Qz";
const FOLDER = "packages/core/";
const STAYS = /^(?:\.github|maestro\.yaml|package\.json|ci\/)/;
const IDENTIFIERS_MAX = 40;

const mapped = (files: Files, text: (content: string, path: string) => string, path = (name: string): string => name): Files =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [path(name), content === null ? null : text(content, name)]));

const same = (change: Change): Pick<Perturbed, "graded" | "restored"> => ({ graded: change, restored: (text) => text });

/** Names that the change declares get an ending, wherever they stand. */
function renamed(scenario: Scenario, change: Change): Perturbed | null {
  const declared = Object.entries(change.after).flatMap(([path, text]) => (CODE.test(path) ? [...(text ?? "").matchAll(DECLARED)].map((match) => match[1] ?? "") : []));
  const paths = Object.keys({ ...change.before, ...change.after }).join("\n");
  const names = [...new Set(declared)].filter((name) => !KEPT.has(name) && !paths.includes(name)).slice(0, IDENTIFIERS_MAX);
  if (names.length === 0) return null;
  const words = new RegExp(`\\b(?:${names.join("|")})\\b`, "g");
  const rename = (text: string): string => text.replace(words, (name) => `${name}${SUFFIX}`);
  const restored = (text: string): string => text.replaceAll(new RegExp(`\\b(${names.join("|")})${SUFFIX}\\b`, "gi"), "$1");
  const { report } = scenario;
  return { scenario: report === undefined ? scenario : { ...scenario, report: JSON.parse(rename(JSON.stringify(report))) as Report }, change: { title: rename(change.title), before: mapped(change.before, rename), after: mapped(change.after, rename) }, graded: change, restored };
}

/** Top-level pieces after the imports, in the other order. */
function turned(text: string): string {
  const pieces = text.trimEnd().split(/\n{2,}(?=\S)/);
  const fixed = pieces.findIndex((piece) => !/^(?:import|#|package|from|use|\/\*\*)/.test(piece));
  if (fixed === -1 || pieces.length - fixed < 2) return text;
  return `${[...pieces.slice(0, fixed), ...pieces.slice(fixed).reverse()].join("\n\n")}\n`;
}

function reordered(scenario: Scenario, change: Change): Perturbed | null {
  if (scenario.report !== undefined || scenario.kind === "triage" || scenario.kind === "fix") return null;
  const turn = (text: string, path: string): string => (CODE.test(path) ? turned(text) : text);
  const other = { ...change, before: mapped(change.before, turn), after: mapped(change.after, turn) };
  return JSON.stringify(other.after) === JSON.stringify(change.after) ? null : { scenario, change: other, ...same(other) };
}

const WORDS: readonly (readonly [RegExp, string])[] = [[/\bfix(?:es|ed)?\b/gi, "repair"], [/\badds?\b/gi, "introduce"], [/\bremoves?\b/gi, "take out"], [/\bsimplif(?:y|ies)\b/gi, "make simpler"], [/\bupdates?\b/gi, "bring up to date"], [/\bnow\b/gi, "from now on"]];

function retitled(scenario: Scenario, change: Change): Perturbed | null {
  if (scenario.kind === "injection") return null;
  const [first = "", ...rest] = change.title.split("\n");
  const reworded = WORDS.reduce((text, [word, other]) => text.replace(word, other), first);
  const title = [`${reworded}, second version`, ...rest].join("\n");
  return { scenario, change: { ...change, title }, ...same(change) };
}

function noisy(scenario: Scenario, change: Change): Perturbed | null {
  if (!Object.keys(change.after).some((path) => CODE.test(path))) return null;
  const noise = (text: string, path: string): string => (CODE.test(path) ? `${text.trimEnd()}\n\n${HASHED.test(path) ? "#" : "//"} End of this file.\n` : text);
  const other = { ...change, after: mapped(change.after, noise) };
  return { scenario, change: other, ...same(other) };
}

function moved(scenario: Scenario, change: Change): Perturbed | null {
  const path = (name: string): string => (STAYS.test(name) ? name : `${FOLDER}${name}`);
  const names = Object.keys({ ...change.before, ...change.after }).filter((name) => !STAYS.test(name));
  if (names.length === 0) return null;
  const within = (text: string): string => names.reduce((all, name) => all.replaceAll(name, path(name)), text);
  const { report } = scenario;
  const moved_report = report === undefined ? {} : { report: { ...(JSON.parse(within(JSON.stringify(report))) as Report), when: { file: path(report.when.file), has: report.when.has } } };
  return { scenario: { ...scenario, ...moved_report }, change: { ...change, before: mapped(change.before, (text) => text, path), after: mapped(change.after, (text) => text, path) }, graded: change, restored: (text) => text.replaceAll(FOLDER, "") };
}

const WAYS: Readonly<Record<Perturbation, (scenario: Scenario, change: Change) => Perturbed | null>> = { renamed, reordered, retitled, noisy, moved };

/** Null where the change has nothing that could be written otherwise in this way. */
export const perturbed = (way: Perturbation, scenario: Scenario, change: Change): Perturbed | null => WAYS[way](scenario, change);
