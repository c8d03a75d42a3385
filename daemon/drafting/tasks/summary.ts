/** What the change does, file by file and name by name: no purpose is guessed. */
import { counted, listed, quoted } from "../quote.ts";
import type { Seen } from "../material.ts";
import type { DependencyChange } from "../scan/dependencies.ts";
import { declared, fullName, type NameChange } from "../scan/names.ts";
import { insideWords } from "./insides.ts";
import { isImitating } from "../scan/addressed.ts";
import type { Risk } from "../scan/risks.ts";
import type { Study } from "../study.ts";

const FILES_SHOWN = 30;
const NAMES_SHOWN = 12;
const RISKS_SHOWN = 12;

const HOW = { added: "adds", removed: "removes", signature: "changes the signature of", changed: "changes" } as const;
const ORDER: readonly NameChange["how"][] = ["removed", "signature", "added", "changed"];

const where = ({ path, line }: Risk): string => quoted(line === null ? path : `${path}:${line}`);
const riskLine = (risk: Risk): string => `${risk.area} (${risk.level}): ${where(risk)}${risk.within === undefined ? "" : ` in ${quoted(risk.within)}`}${risk.name === null ? ":" : `: ${quoted(risk.name)}`} ${risk.because}${risk.cue === undefined ? "" : `: ${quoted(risk.cue)}`}`;

function namesLine(names: readonly NameChange[]): string[] {
  return ORDER.flatMap((how) => {
    const own = names.filter((change) => change.how === how);
    if (own.length === 0) return [];
    return [`${HOW[how]} ${listed(own.map((change) => `${declared(change).what} ${quoted(fullName(change))}`), NAMES_SHOWN)}`];
  });
}

export const dependencyLine = ({ name, from, to, dev }: DependencyChange): string => {
  const said = quoted(name);
  const where = dev ? " (for development)" : "";
  if (from === null) return `adds ${said} ${quoted(to!)}${where}`;
  return to === null ? `removes ${said}${where}` : `${said} from ${quoted(from)} to ${quoted(to)}${where}`;
};

function fileLine(file: Seen, names: readonly NameChange[]): string {
  const { change, path, old_path, added, removed } = file;
  const status = change.status === "renamed" && old_path !== null ? `renamed from ${quoted(old_path)}` : change.status.replace("_", " ");
  const own = namesLine(names.filter((one) => one.path === path));
  const size = change.binary ? "binary" : `+${added.length} -${removed.length}`;
  return `- ${quoted(path)} (${status}, ${size})${own.length === 0 ? "" : `: ${own.join("; ")}`}`;
}

const testsLine = (files: readonly Seen[]): string => {
  const tests = files.filter(({ kind }) => kind.test);
  const gone = tests.filter(({ change }) => change.status === "deleted");
  if (tests.length === 0) return files.some(({ kind }) => kind.source) ? "Tests: none are added or changed." : "Tests: none are touched.";
  return `Tests: ${listed(tests.map(({ path, change }) => `${quoted(path)} (${change.status})`), 8)}.${gone.length > 0 ? ` ${counted(gone.length, "test file")} deleted.` : ""}`;
};

const CONFIGURED = /(?:^|\/)(?:package\.json|tsconfig[^/]*\.json|Dockerfile|docker-compose[^/]*|Makefile|\.env[^/]*|maestro\.yaml)$|\.(?:ya?ml|toml|ini|cfg|conf|tf)$/i;

/** Kind, then names by what became of them: the sentence a reader keeps. */
export function headline({ files, names, classed }: Study): string {
  const source = names.filter(({ path }) => files.some((file) => file.path === path && file.kind.source));
  const said = namesLine(source.length > 0 ? source : names).map((text) => text.replace(/^(\w+)/, (verb) => verb));
  const paths = listed(files.map(({ path }) => quoted(path)), 3);
  const [added, removed] = [files.reduce((sum, file) => sum + file.added.length, 0), files.reduce((sum, file) => sum + file.removed.length, 0)];
  const does = said.length > 0 ? said.slice(0, 3).join("; ") : files.length === 0 ? "changes no file" : `changes ${paths}`;
  return `This ${classed.kind} change ${does}. ${counted(files.length, "file")}, +${added} -${removed}.`;
}

const INSIDES_SHOWN = 12;
const LINES_SHOWN = 6;
const LINES_OF_MANY_SHOWN = 2;

function insideLines({ insides, names, files }: Study): string[] {
  const known = new Set(names.map((change) => declared(change).name));
  return insides.slice(0, INSIDES_SHOWN).flatMap((inside) => {
    const tested = files.some((file) => file.path === inside.path && file.kind.test);
    const words = insideWords(inside, tested ? 0 : insides.length <= 3 ? LINES_SHOWN : LINES_OF_MANY_SHOWN, known);
    return words.length === 0 ? [] : [`- ${quoted(inside.path)}: ${words.join("; ")}.`];
  });
}

export function summary(study: Study): string {
  const { files, names, dependencies, risks, classed, gaps, title, renamed } = study;
  const inside = insideLines(study);
  const configured = files.filter((file) => CONFIGURED.test(file.path) || file.kind.ci);
  return [
    headline(study),
    "",
    `Kind: ${classed.kind} (${classed.because}). Risk: ${classed.risk} (${listed(classed.reasons, 6)}).`,
    ...(title === "" ? [] : isImitating(title) ? ["Its title looks like what a gate or a draft says; it is neither, and not repeated."] : [`Its author titles it ${quoted(title)}; that is a claim.`]),
    "",
    "Files:",
    ...renamed.slice(0, NAMES_SHOWN).map(({ path, from, to }) => `- ${quoted(path)}: renames ${quoted(fullName(from))} to ${quoted(fullName(to))}; whoever uses the old name has to follow`),
    ...files.slice(0, FILES_SHOWN).map((file) => fileLine(file, names)),
    ...(files.length > FILES_SHOWN ? [`- and ${files.length - FILES_SHOWN} more`] : []),
    ...(inside.length === 0 ? [] : ["", "Inside:", ...inside]),
    "",
    testsLine(files),
    dependencies.length === 0 ? "Dependencies: none of a manifest that is read change." : `Dependencies: ${listed(dependencies.map(dependencyLine), 20)}.`,
    configured.length === 0 ? "Configuration: none is touched." : `Configuration: ${listed(configured.map(({ path }) => quoted(path)), 12)}.`,
    ...(risks.length === 0 ? ["Risk notes: nothing of what is looked for was found."] : ["Risk notes:", ...risks.slice(0, RISKS_SHOWN).map((risk) => `- ${riskLine(risk)}`), ...(risks.length > RISKS_SHOWN ? [`- and ${risks.length - RISKS_SHOWN} more`] : [])]),
    ...(gaps.length === 0 ? [] : [`Not seen: ${listed(gaps.map(({ what, because }) => `${quoted(what)} (${quoted(because)})`), 6)}.`]),
  ].join("\n");
}
