/** Where a person should look first and why, what no test names, and what the checks could not see. */
import { counted, listed, quoted } from "../quote.ts";
import type { Seen } from "../material.ts";
import { declared, fullName, type NameChange } from "../scan/names.ts";
import type { Area, Level } from "../scan/risks.ts";
import type { Study } from "../study.ts";
import { claimOf, insideWords } from "./insides.ts";
import { decisive } from "./triage.ts";
import { pathText } from "../../../proto/scalar.ts";

const PLACES_SHOWN = 5;
const REASONS_SHOWN = 10;
const LINES_SHOWN = 4;
const UNTESTED_SHOWN = 8;
const WEIGHT: Readonly<Record<Level, number>> = { high: 10, medium: 4, low: 1 };
const LINES_WEIGHED_MAX = 300;
const FINDING_WEIGHT = 6;
const UNTESTED_WEIGHT = 3;

const TESTABLE = /^(?:function|method|class)$/;

/** Names in program text that a test can write. */
function testable({ files, names }: Pick<Study, "files" | "names">): NameChange[] {
  const source = new Set(files.flatMap(({ path, kind }) => (kind.source ? [path] : [])));
  return names.filter((change) => change.how !== "removed" && TESTABLE.test(declared(change).what) && source.has(change.path));
}

/** Of those the ones that no changed test writes; a test elsewhere may, which cannot be told from the change. */
function untested({ files, names }: Pick<Study, "files" | "names">): NameChange[] {
  const tests = files.filter(({ kind }) => kind.test).map((file) => file.new ?? file.added.map(({ text }) => text).join("\n"));
  // Read once: a change may bring as many names as tests have lines.
  const named = new Set(tests.flatMap((text) => text.match(/[\w$]+/g) ?? []));
  return testable({ files, names }).filter((change) => !named.has(declared(change).name.replace(/^.*[.#:]|[?!]$/g, "")));
}

interface Place {
  readonly file: Seen;
  readonly weight: number;
  readonly why: readonly string[];
}

function placeOf(file: Seen, { risks, names, card, findings }: Study, bare: readonly NameChange[]): Place {
  const why: string[] = [];
  let weight = 0;
  const own = risks.filter(({ path }) => path === file.path);
  const areas = new Set<Area>();
  for (const each of Map.groupBy(own, ({ area, because }) => `${area} ${because}`).values()) {
    const first = each[0]!;
    // A file of many small dangers of one kind is not graver than one of another.
    weight += areas.has(first.area) ? 1 : WEIGHT[first.level];
    areas.add(first.area);
    const lines = [...new Set(each.flatMap(({ line }) => (line === null ? [] : [line])))];
    const holders = [...new Set(each.flatMap(({ within }) => (within === undefined ? [] : [quoted(within)])))];
    why.push(`${first.area}: ${first.name === null ? "" : `${quoted(first.name)} `}${first.because}${first.cue === undefined ? "" : ` (${quoted(first.cue)})`}${holders.length === 0 ? "" : `, in ${listed(holders, 3)}`}${lines.length === 0 ? "" : ` (line ${listed(lines.map(String), 3)})`}`);
  }
  const found = findings.filter(({ finding }) => finding.range !== null && pathText(finding.range.path) === file.path && card.reasons.some(({ fingerprints }) => fingerprints.includes(finding.fingerprint)));
  if (found.length > 0) {
    weight += FINDING_WEIGHT;
    why.push(`${counted(found.length, "finding")} of the gate`);
  }
  const missing = bare.filter(({ path }) => path === file.path);
  if (missing.length > 0) {
    weight += UNTESTED_WEIGHT;
    why.push(`no changed test names ${listed(missing.map((change) => quoted(fullName(change))), 3)}`);
  }
  const changed = names.filter(({ path, how }) => path === file.path && how !== "added");
  if (changed.length > 0 && file.kind.source) why.push(`it changes ${listed(changed.map((change) => quoted(fullName(change))), 3)}`);
  if (!file.kind.docs && !file.kind.lock && !file.kind.generated) weight += (Math.min(LINES_WEIGHED_MAX, file.added.length + file.removed.length) / LINES_WEIGHED_MAX) * 4;
  if (file.kind.source) weight += 1;
  return { file, weight, why };
}

function unseen({ card, gaps, files }: Study): string[] {
  const checks = card.checks.filter(({ result }) => result === "unavailable").map(({ check, because }) => `check ${quoted(check)} gave no answer (${quoted(because ?? "no reason was given")})`);
  const asides = card.checks.filter(({ result }) => result === "not_applicable").map(({ check }) => quoted(check));
  const said = new Map([...card.gaps, ...gaps].map(({ what, because }) => [`${what} ${because}`, `${quoted(what)} (${quoted(because)})`]));
  const binary = files.filter(({ change }) => change.binary).map(({ path }) => `${quoted(path)} (binary)`);
  return [...checks, ...said.values(), ...binary, ...(asides.length === 0 ? [] : [`checks that had nothing to look at: ${listed(asides, 6)}`])];
}

function testedText(study: Study, bare: readonly NameChange[]): string {
  if (bare.length > 0) return `Not tested by this change: ${listed(bare.map((change) => `${quoted(fullName(change))} (${quoted(change.path)})`), UNTESTED_SHOWN)}.`;
  if (!study.files.some(({ kind }) => kind.source)) return "Not tested: no program text changes.";
  if (testable(study).length > 0) return "Not tested: every changed name stands in a changed test, which does not say that it is tested well.";
  // Constants and lines outside of functions are held against no test: nothing can be said of them.
  return study.files.some(({ kind }) => kind.test) ? "Not tested: no function, method or class that changes was read; whether the changed tests reach the rest cannot be told." : "Not tested by this change: program text changes and no test does.";
}

export function reviewerNote(study: Study): string {
  const { files, risks, classed, card } = study;
  const bare = untested(study);
  const places = files.map((file) => placeOf(file, study, bare)).sort((a, b) => b.weight - a.weight).slice(0, PLACES_SHOWN);
  const closer = risks.filter(({ area }) => area === "addressed to a reader" || area === "hidden characters");
  const [reason] = decisive(study);
  const blind = unseen(study);
  const claim = claimOf(study.title);
  const known = new Set(study.names.map((change) => declared(change).name));
  const changed = places.flatMap(({ file }) => {
    const inside = study.insides.find(({ path }) => path === file.path);
    const words = inside === undefined ? [] : insideWords(inside, file.kind.test ? 0 : LINES_SHOWN, known);
    return words.length === 0 ? [] : [`- ${quoted(file.path)}: ${words.join("; ")}.`];
  });
  return [
    `Risk ${classed.risk}: ${listed(classed.reasons, 6)}.${reason === undefined ? "" : ` The gate says ${card.verdict}, by ${quoted(reason.rule)}.`}`,
    ...(closer.length === 0 ? [] : [`Look closer: ${listed(closer.map(({ path, line, because }) => `${quoted(line === null ? path : `${path}:${line}`)}, ${because}`), 4)}.`]),
    ...(claim === null ? [] : [`Its author says: ${claim}. Hold what changes against that.`]),
    "",
    places.length === 0 ? "Where to look first: the change has no file." : "Where to look first:",
    ...places.map(({ file, why }, at) => `${at + 1}. ${quoted(file.path)}: ${why.length === 0 ? `+${file.added.length} -${file.removed.length}, nothing of what is looked for was found` : listed(why, REASONS_SHOWN)}`),
    ...(changed.length === 0 ? [] : ["", "What changes there:", ...changed]),
    "",
    testedText(study, bare),
    blind.length === 0 ? "The checks name nothing that they could not see." : `What the checks could not see: ${listed(blind, 8)}.`,
  ].join("\n");
}
