/** One line for a changelog, under the group that Keep a Changelog 1.1.0 names for it. */
import type { Kind } from "../classify.ts";
import { listed, quoted } from "../quote.ts";
import { declared, fullName, type NameChange } from "../scan/names.ts";
import type { Study } from "../study.ts";
import { claimOf, valueWords } from "./insides.ts";
import { dependencyLine } from "./summary.ts";

type Group = "Added" | "Changed" | "Deprecated" | "Removed" | "Fixed" | "Security";
const GROUPS: Readonly<Record<Kind, Group>> = { feature: "Added", fix: "Fixed", refactor: "Changed", perf: "Changed", style: "Changed", ci: "Changed", build: "Changed", config: "Changed", revert: "Changed", docs: "Changed", test: "Changed", chore: "Changed", deps: "Changed", security: "Security" };
const INTERNAL: readonly Kind[] = ["test", "docs", "style", "chore", "ci"];
const NAMES_SHOWN = 3;
const LINE_CHARACTERS_MAX = 420;

export function groupOf({ classed: { kind }, names, risks, files }: Study): Group {
  const own = names.filter(({ path }) => files.some((file) => file.path === path && file.kind.source));
  if (files.some(({ added }) => added.some(({ text }) => /@deprecated|DeprecationWarning|\[\[deprecated|#\[deprecated|\bDeprecated:/.test(text)))) return "Deprecated";
  const gone = risks.filter(({ area, because }) => area === "public API" && because.startsWith("is gone"));
  return kind !== "security" && gone.length > 0 && !own.some(({ how, now }) => how === "added" && now?.exported === true) ? "Removed" : GROUPS[kind];
}

function what(study: Study): string {
  const { names, files, dependencies, classed } = study;
  if (classed.kind === "deps" && dependencies.length > 0) return listed(dependencies.map(dependencyLine), NAMES_SHOWN);
  const own = names.filter(({ path }) => files.some((file) => file.path === path && file.kind.source));
  const wanted: Readonly<Record<Group, readonly NameChange["how"][]>> = { Added: ["added"], Removed: ["removed"], Fixed: ["changed", "signature", "added"], Changed: ["signature", "changed", "added", "removed"], Deprecated: ["changed", "signature"], Security: ["changed", "signature", "added"] };
  const all = wanted[groupOf(study)].flatMap((how) => own.filter((change) => change.how === how));
  const chosen = [...all.filter((change) => declared(change).exported), ...all.filter((change) => !declared(change).exported)];
  const own_values = study.insides.filter(({ path }) => files.some((file) => file.path === path && !file.kind.test)).flatMap(({ values }) => values);
  if (own_values.length > 0 && own_values.length <= NAMES_SHOWN && chosen.filter(({ how }) => how !== "changed").length === 0) return listed(own_values.map(valueWords), NAMES_SHOWN);
  const subjects = chosen.length > 0 ? chosen.map((change) => `${declared(change).what} ${quoted(fullName(change))}`) : files.map(({ path }) => quoted(path));
  return subjects.length === 0 ? "nothing" : listed(subjects, NAMES_SHOWN);
}

const INSIDE: Readonly<Record<Group, string>> = { Added: "", Changed: "", Deprecated: "", Removed: "", Fixed: "Behaviour of ", Security: "Hardened " };

export function changelog(study: Study): string {
  const group = groupOf(study);
  const inner = INTERNAL.includes(study.classed.kind) ? " (nothing that users run)" : "";
  const breaking = study.risks.some(({ area }) => area === "public API") ? "**Breaking:** " : "";
  const said = `${what(study)}${claimOf(study.title) === null ? "" : `: ${claimOf(study.title)}`}`;
  const text = `${breaking}${INSIDE[group]}${said}`;
  const line = `${text.slice(0, 1) === "`" ? text : text.slice(0, 1).toUpperCase() + text.slice(1)}${inner}.`;
  // A cut would open a quotation and not close it.
  return `### ${group}\n\n- ${line.length <= LINE_CHARACTERS_MAX ? line : `${breaking}${listed(study.files.map(({ path }) => quoted(path, 60)), 1)}${inner}.`}`;
}
