/** Mechanical mends as one patch over the merged tree. A suggestion: nobody here applies it. */
import { dirname, join, normalize } from "node:path/posix";
import { DRAFT_CHARACTERS_MAX } from "../../../proto/drafting.ts";
import { guardOf } from "../../../proto/guard-paths.ts";
import { pathText } from "../../../proto/scalar.ts";
import { visible } from "../../verifier/visible.ts";
import { complaintsOf, fileNamed, type PlacedComplaint } from "../fixing/complaints.ts";
import { constantsOf, wordsOf } from "../fixing/constants.ts";
import { differencesOf, isQuoting } from "../fixing/diffs.ts";
import { type Edit, edited } from "../fixing/patch.ts";
import { hintsOf } from "../fixing/hints.ts";
import { LINE_CHARACTERS_MAX } from "../fixing/lines.ts";
import { BLOCK_MENDS } from "../fixing/blocks.ts";
import { C_MENDS } from "../fixing/c.ts";
import { C_FORMS } from "../fixing/c-forms.ts";
import { ECMA_MENDS } from "../fixing/ecma.ts";
import { ECMA_FORMS } from "../fixing/ecma-forms.ts";
import { GO_FORMS } from "../fixing/go-forms.ts";
import { GO_MENDS } from "../fixing/golang.ts";
import { LANGUAGE_MENDS } from "../fixing/languages.ts";
import { OTHER_MENDS } from "../fixing/others.ts";
import { PYTHON_MENDS } from "../fixing/python.ts";
import { PYTHON_FORMS } from "../fixing/python-forms.ts";
import { isShell } from "../fixing/mending.ts";
import { SHELL_MENDS } from "../fixing/shell.ts";
import { type Mend, MENDS, type Place, trailing } from "../fixing/rules.ts";
import { SANITIZER_MENDS } from "../fixing/sanitizers.ts";
import { counted, isSafePath, listed, quoted } from "../quote.ts";
import type { Seen } from "../material.ts";
import type { Study } from "../study.ts";

/** Whether a text is one of that language; null where nobody here can tell. */
export type Parses = (path: string, text: string) => boolean | null;

interface Wanted {
  readonly mend: Mend;
  readonly line: number;
}

const FILES_MAX = 16;
const MENDS_PER_FILE_MAX = 50;
/** With room for the lines that stand in front of the patch. */
const PATCHES_CHARACTERS_MAX = DRAFT_CHARACTERS_MAX - 20_000;
const ALL_MENDS = [...SANITIZER_MENDS, ...C_MENDS, ...ECMA_MENDS, ...PYTHON_MENDS, ...GO_MENDS, ...SHELL_MENDS, ...LANGUAGE_MENDS, ...ECMA_FORMS, ...MENDS, ...PYTHON_FORMS, ...GO_FORMS, ...C_FORMS, ...OTHER_MENDS, ...BLOCK_MENDS];

const linesOf = (text: string): string[] => (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n").map((line) => line.replace(/\r$/, ""));

/** Each complaint under the name of the file that it means. */
function placed({ findings, files }: Pick<Study, "findings" | "files">): PlacedComplaint[] {
  const paths = files.map(({ path }) => path);
  const all = complaintsOf(findings).map((complaint) => ({ ...complaint, path: fileNamed(complaint.path, paths) ?? complaint.path }));
  return [...all, ...all.flatMap((complaint) => elsewhere(complaint, files)), ...unplaced(findings, files)];
}

/** A name that another file of the change has and does not give out: the complaint is of that file. */
function elsewhere(complaint: PlacedComplaint, files: Study["files"]): PlacedComplaint[] {
  const said = /["'](\.{1,2}\/[\w./-]+)["']+ declares ["'](\w+)["'] locally/.exec(complaint.message);
  if (said === null) return [];
  const meant = normalize(join(dirname(complaint.path), said[1]!)).replace(/\.[cm]?[jt]sx?$/, "");
  const file = files.find(({ path }) => path.replace(/(?:\/index)?\.[cm]?[jt]sx?$/, "") === meant);
  const at = (file?.new ?? "").split("\n").findIndex((text) => new RegExp(`^(?:async\\s+)?(?:function\\*?|const|let|class|abstract\\s+class|type|interface|enum)\\s+${said[2]}\\b`).test(text));
  return file === undefined || at < 0 ? [] : [{ ...complaint, path: file.path, line: at + 1 }];
}

/** Who reads JSON does not always say of which file. */
function unplaced(findings: Study["findings"], files: Study["files"]): PlacedComplaint[] {
  const of = findings.find(({ finding: { excerpt, range } }) => range === null && /\bJSON\b|json/.test(excerpt ?? ""));
  return of === undefined ? [] : files.filter(({ path }) => path.endsWith(".json")).map(({ path }) => ({ rule: of.finding.rule, message: "JSON", excerpt: "", path, line: 1 }));
}

/** What a mend of that finding would do, for whoever asks why the gate refuses; null where none is known. */
export function mendFor(study: Study, finding: Study["findings"][number]): string | null {
  for (const complaint of placed({ findings: [finding], files: study.files })) {
    const text = study.files.find(({ path }) => path === complaint.path)?.new ?? null;
    const mend = text === null ? null : mendOf(complaint, linesOf(text));
    if (mend !== null) return mend.what;
  }
  return null;
}

function mendOf(complaint: PlacedComplaint, lines: readonly string[]): Mend | null {
  const text = lines[complaint.line - 1];
  if ((text?.length ?? 0) > LINE_CHARACTERS_MAX) return null;
  const said = `${complaint.rule} ${complaint.message}`;
  for (const { of, mend } of ALL_MENDS) {
    if (!of.test(said)) continue;
    const place: Place = { ...complaint, lines, text: text ?? "" };
    const found = text === undefined && !/new ?line|eol-last|w292|w391|line feed/i.test(said) ? null : mend(place);
    if (found !== null) return found;
  }
  return null;
}

/** Whether a mend of the house would make that of the line: then a tool that shows it has only said where. */
const knownOf = (path: string, lines: readonly string[]) => (line: number, come: readonly string[]): boolean => {
  const text = lines[line - 1] ?? "";
  if (text.length > LINE_CHARACTERS_MAX || come.length !== 1 || come[0] === text) return false;
  const place: Place = { path, lines, line, text, rule: "", message: "", excerpt: "" };
  return (isShell(path) && isQuoting([text], come)) || ALL_MENDS.some(({ mend }) => { const edits = mend(place)?.edits; return edits?.length === 1 && edits[0]!.line === line && edits[0]!.gone === 1 && edits[0]!.come.join("\n") === come[0]; });
};

/** Checks of the house sometimes know the text to the letter. */
function ownFix(study: Study, path: string): Wanted[] {
  return study.findings.flatMap(({ finding: { range, fix } }) => {
    if (range === null || pathText(range.path) !== path || fix === null || fix.replacement === null) return [];
    const gone = range.end_line - range.start_line + 1;
    const come = fix.replacement === "" ? [] : fix.replacement.split("\n");
    return [{ line: range.start_line, mend: { what: "what the check itself knows", edits: [{ line: range.start_line, gone, come }] } }];
  });
}

/** What no tool has to name: git's own complaints of lines that this change writes. */
function unasked(file: Seen, text: string): Wanted[] {
  if (file.kind.docs || file.kind.fixture || file.kind.generated || file.kind.language === null) return [];
  const lines = linesOf(text);
  const blank = file.added.flatMap(({ line }): Wanted[] => {
    const own = lines[line - 1];
    if (own === undefined || own === own.trimEnd() || own.length > LINE_CHARACTERS_MAX) return [];
    const mend = trailing({ path: file.path, lines, line, text: own, rule: "", message: "", excerpt: "" });
    return mend === null ? [] : [{ line, mend }];
  });
  const ends = text.endsWith("\n") || text === "" || !file.added.some(({ line }) => line === lines.length) ? [] : [{ line: lines.length, mend: { what: "end the file with a line feed", edits: [], ends: true as const } }];
  return [...blank, ...ends];
}

/** Each complaint is looked at with what the earlier ones make of their lines, so that two of one line are both mended. */
function ofTools(complaints: readonly PlacedComplaint[], lines: readonly string[]): Wanted[] {
  const now = [...lines];
  const wanted: Wanted[] = [];
  for (const complaint of complaints) {
    const mend = mendOf(complaint, now);
    if (mend === null) continue;
    const [edit, more] = mend.edits;
    const whole = edit !== undefined && more === undefined && edit.gone === 1 && edit.come.length === 1 ? edit : null;
    if (whole !== null) now[whole.line - 1] = whole.come[0]!;
    const earlier = whole === null ? -1 : wanted.findIndex(({ mend: { edits } }) => edits.length === 1 && edits[0]!.line === whole.line && edits[0]!.gone === 1 && edits[0]!.come.length === 1);
    if (whole === null || earlier < 0) wanted.push({ mend, line: edit?.line ?? complaint.line });
    else wanted[earlier] = { line: whole.line, mend: { ...wanted[earlier]!.mend, what: [...new Set([...wanted[earlier]!.mend.what.split("; "), mend.what])].join("; "), edits: [whole] } };
  }
  return wanted;
}

/** The first mend of a line stands; a later one of it waits for the next run of its tool. */
function together(wanted: readonly Wanted[]): { readonly chosen: readonly Wanted[]; readonly left: number } {
  const taken = new Set<number>();
  const chosen = wanted.filter(({ mend }) => {
    const lines = mend.edits.flatMap(({ line, gone }) => Array.from({ length: Math.max(1, gone) }, (_, i) => line + i));
    if (lines.some((line) => taken.has(line))) return false;
    for (const line of lines) taken.add(line);
    return true;
  });
  return { chosen: chosen.slice(0, MENDS_PER_FILE_MAX), left: wanted.length - Math.min(chosen.length, MENDS_PER_FILE_MAX) };
}

interface Mended {
  readonly path: string;
  readonly patch: string | null;
  readonly said: readonly string[];
}

function mended(file: Seen, wanted: readonly Wanted[], parses: Parses): Mended {
  const text = file.new!;
  const said = (mends: readonly Wanted[]): string[] => mends.map(({ line, mend }) => `${quoted(`${file.path}:${line}`)}: ${mend.what}${mend.caution === undefined ? "" : ` (${mend.caution})`}`);
  const { chosen } = together(wanted);
  const tried = (mends: readonly Wanted[]) => edited(file.path, text, mends.flatMap(({ mend }): readonly Edit[] => mend.edits), mends.some(({ mend }) => mend.ends === true) ? true : undefined);
  const all = tried(chosen);
  if (all === null) return { path: file.path, patch: null, said: [] };
  // A mend that breaks what was whole is none; each is then tried alone.
  const breaks = (of: string): boolean => parses(file.path, of) === false && parses(file.path, text) !== false;
  const good = breaks(all.text) ? chosen.filter((each) => { const alone = tried([each]); return alone !== null && !breaks(alone.text); }) : chosen;
  const result = good === chosen ? all : good.length === 0 ? null : tried(good);
  if (result === null || breaks(result.text)) return { path: file.path, patch: null, said: [] };
  // Whoever reads a patch has to see all of it.
  const hidden = result.patch.split("\n").some((line) => visible(line.replaceAll("\t", " ").replace(/\r$/, "")).replace(/^([+ -]?\s*)\\::/, "$1::").replaceAll("#\\#", "##") !== line.replaceAll("\t", " ").replace(/\r$/, ""));
  return hidden ? { path: file.path, patch: null, said: [`${quoted(file.path)}: no patch, as lines around it hold characters that nobody sees`] } : { path: file.path, patch: result.patch, said: said(good) };
}

const NONE = "No mechanical fix is known for what this gate found. That is no statement about the change.";

export function fix(study: Study, parses: Parses): string {
  const complaints = placed(study);
  const results: Mended[] = [];
  let left = PATCHES_CHARACTERS_MAX;
  const named = new Set(complaints.map(({ path }) => path));
  const paths = study.files.map(({ path }) => path);
  const outputs = study.findings.flatMap(({ finding: { excerpt } }) => (excerpt === null ? [] : [excerpt]));
  for (const file of study.files) {
    if (file.new === null || file.change.binary || !isSafePath(file.path) || results.length >= FILES_MAX) continue;
    const lines = linesOf(file.new);
    const of_tools = ofTools(complaints.filter(({ path }) => path === file.path || (!named.has(file.path) && file.path.endsWith(`/${path}`) && study.files.filter((other) => other.path.endsWith(`/${path}`)).length === 1)), lines);
    const known = knownOf(file.path, lines);
    const shown = [...differencesOf(outputs, file.path, lines, paths, known), ...hintsOf(outputs, file.path, lines, paths, known), ...constantsOf(study.findings, file, lines), ...wordsOf(study.findings, file, lines)].map((mend): Wanted => ({ mend, line: mend.edits[0]?.line ?? lines.length }));
    const wanted = [...ownFix(study, file.path), ...shown, ...of_tools, ...unasked(file, file.new)];
    if (wanted.length === 0) continue;
    const guarded = file.kind.ci || guardOf(file.path) !== null;
    const result = guarded ? { path: file.path, patch: null, said: [`${quoted(file.path)}: no patch, as it guards changes or decides what a build runs`] } : mended(file, wanted, parses);
    left -= result.patch?.length ?? 0;
    results.push(left >= 0 ? result : { path: file.path, patch: null, said: [`${quoted(file.path)}: no patch, as it would be longer than drafts may be`] });
    if (left < 0) left += result.patch?.length ?? 0;
  }
  const patches = results.flatMap(({ patch }) => (patch === null ? [] : [patch]));
  const said = results.flatMap((result) => result.said);
  if (patches.length === 0) return said.length === 0 ? NONE : [NONE, ...said].join("\n");
  // Text in front of a patch is no part of it: git reads from the first header on.
  return [`Suggested patch over the merged tree, ${counted(said.length, "mend")}; apply it with git apply and look at it first.`, ...said.slice(0, 40).map((text) => `* ${text}`), ...(said.length > 40 ? [`* ${listed(said.slice(40), 0)}`] : []), "", patches.join("")].join("\n");
}
