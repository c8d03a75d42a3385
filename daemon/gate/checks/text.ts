import type { FileChange } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { defineCheck } from "./check.ts";
import { classify, type Language } from "../../checking/classify.ts";
import { uncontrolled, undebugged, unfocused } from "./fixing/line.ts";
import { codeOnly, compilerLines } from "./reading/code.ts";
import { addedLines, isBinary, lineGaps, newSide, type NumberedLine } from "./reading/lines.ts";
import { TEST_PATTERNS } from "./reading/test-code.ts";
import { findingList, type FindingList } from "./reporting/finding.ts";

const MARKER_START = /^<{7}(?: |$)/;
const MARKER_END = /^>{7}(?: |$)/;

/** Controls that reorder what a reviewer sees; ZWJ and ZWNJ spell real words and stay out. */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/;
const BIDI_NAMES: Readonly<Record<string, string>> = {
  "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
};

/** Statements that stop a program in a debugger, only where the language leaves no other reading. */
const DEBUGGERS: { readonly [L in Language]?: RegExp } = {
  javascript: /(?:^|[;{})]|\belse)\s*debugger\s*(?:;|\}|$)/,
  python: /(?:^|[;:])\s*breakpoint\s*\(|\b(?:i?pdb|pudb|wdb|rpdb|web_pdb|remote_pdb)\.set_trace\s*\(/,
  ruby: /\bbinding\.(?:pry|irb|b)\b|^\s*(?:byebug|debugger)\s*$/,
  go: /\bruntime\.Breakpoint\s*\(/,
  php: /(?:^|[;{}\s])xdebug_break\s*\(/,
  elixir: /\bIEx\.pry\b/,
};

function conflictMarkers(file: FileChange, list: FindingList): void {
  let start: NumberedLine | null = null;
  let inside: string[] = [];
  for (const line of newSide(file)) {
    if (start !== null) inside.push(line.text);
    if (MARKER_START.test(line.text)) {
      start = line;
      inside = [];
    } else if (start !== null && MARKER_END.test(line.text)) {
      if (start.added || line.added) {
        list.add({ rule: "merge.conflict-marker", severity: "error", message: "an unresolved merge conflict: both markers are in the file", file, line: start.number, end_line: line.number, text: start.text, identity: inside.join("\n"), fix: "Resolve the conflict and remove both markers." });
      }
      start = null;
    }
  }
}

function bidiControls(file: FileChange, list: FindingList): void {
  for (const line of addedLines(file)) {
    const found = BIDI.exec(line.text);
    if (found === null) continue;
    const visible = line.text.replace(/[\u202a-\u202e\u2066-\u2069]/g, (control) => `<${BIDI_NAMES[control] ?? "bidi"}>`);
    list.add(() => ({ rule: "text.bidi-control", severity: "error", message: `the line holds a text direction control (${BIDI_NAMES[found[0]] ?? "bidi"}), so it does not read as it runs`, file, line: line.number, text: visible, fix: "Remove the control, or write it as an escape.", replacement: uncontrolled(line.text) }));
  }
}

function codeLines(file: FileChange, language: Language, test: boolean, list: FindingList): void {
  const focused = test ? (TEST_PATTERNS[language]?.focused ?? null) : null;
  const debuggers = DEBUGGERS[language] ?? null;
  if (focused === null && debuggers === null) return;
  let before: NumberedLine | null = null;
  for (const line of newSide(file)) {
    const above: string | null = before !== null && before.number === line.number - 1 ? before.text : null;
    before = line;
    if (!line.added) continue;
    for (const text of compilerLines(line.text)) {
      const whole = text === line.text;
      const mayFocus = focused !== null && focused.test(text);
      const mayStop = debuggers !== null && debuggers.test(text);
      if (!mayFocus && !mayStop) continue;
      const code = codeOnly(text, language);
      if (mayFocus && focused.test(code)) {
        list.add(() => ({ rule: "test.focused", severity: "error", message: "a focused test: the rest of the suite does not run", file, line: line.number, text, fix: "Remove the focus so that every test runs.", replacement: whole ? unfocused(text, language, focused) : null }));
      }
      if (mayStop && debuggers.test(code)) {
        list.add(() => ({ rule: "code.debugger", severity: "error", message: "a debugger statement", file, line: line.number, text, fix: "Remove the statement.", replacement: whole ? undebugged(text, language, above) : null }));
      }
    }
  }
}

/** A model or a picture in Git LFS is nobody's to read; program text that stands there would run unread. */
function hiddenCode(files: readonly FileChange[]): string | null {
  const hidden = files.find((file) => file.lfs && classify(pathText(file.path)).language !== null);
  return hidden === undefined ? null : `program text in Git LFS, where nobody looked at it: ${pathText(hidden.path)}`;
}

export default defineCheck({
  id: "text",
  question: "Does the change leave conflict markers, hidden text controls, focused tests or debugger statements behind?",
  contents: [],
  reads: [],
  rules: [
    {
      id: "merge.conflict-marker",
      content: true,
      title: "Unresolved merge conflict",
      why: "Both ends of a conflict in one file mean nobody decided which side is right.",
      passes: { says: "A heading underlined with seven equals signs is no conflict.", change: [{ path: "docs/merge.rst", old: "", new: "Merging\n=======\n\nUse rebase.\n" }] },
      fails: { says: "Both markers were committed.", change: [{ path: "src/a.ts", old: "a\n", new: "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> feature\n" }] },
      cannot_see: "Markers of another length (merge.conflictMarkerSize), indented markers, a conflict of which only one end was committed.",
      replay: "1 of 2,200 changes: both ends of a conflict, committed in a package.json",
    },
    {
      id: "text.bidi-control",
      content: true,
      title: "Text direction control in code",
      why: "U+202A-202E and U+2066-2069 make code read differently from how it runs (CVE-2021-42574).",
      passes: { says: "A zero-width joiner spells words of several languages and is left alone.", change: [{ path: "src/locales/kn.ts", old: "", new: "export const word = \"\u0ca8\u0cbf\u0cb0\u0ccd\u200d\";\n" }] },
      fails: { says: "A right-to-left override hides the end of a condition.", change: [{ path: "src/auth.ts", old: "", new: "if (role === \"user\u202e \u2066// admin\u2069 \u2066\") grant();\n" }] },
      cannot_see: "Homoglyphs, zero-width characters, controls written as escapes, prose, translations in data files, text that is not UTF-8.",
      replay: "0 of 2,200 changes; with ZWJ and ZWNJ included it would have been wrong once",
    },
    {
      id: "test.focused",
      content: true,
      title: "Focused test",
      why: "One focused test silently switches off the rest of its suite, and the run stays green.",
      passes: { says: "A query builder's own .only() is not a test.", change: [{ path: "test/user.test.ts", old: "", new: "test(\"reads\", () => expect(pick(user).only(\"name\")).toEqual({}));\n" }] },
      fails: { says: "One test was focused while debugging.", change: [{ path: "test/user.test.ts", old: "test(\"reads\", read);\n", new: "test.only(\"reads\", read);\n" }] },
      cannot_see: "Options such as { only: true }, command-line filters, focus built from a variable or spelled with brackets, fit() with a name that is no literal; Python, Rust and Java have no unambiguous form.",
      replay: "0 of 2,200 changes",
    },
    {
      id: "code.debugger",
      content: true,
      title: "Debugger statement",
      why: "It stops the program, or a server, for whoever has no debugger attached.",
      passes: { says: "The word inside a string or a comment.", change: [{ path: "src/help.ts", old: "", new: "// debugger;\nexport const help = \"type debugger; to stop\";\n" }] },
      fails: { says: "A statement that was left behind.", change: [{ path: "src/run.ts", old: "", new: "export function run() {\n  debugger;\n}\n" }] },
      cannot_see: "Lines inside a multi-line string read as code; languages other than JavaScript, Python, Ruby, Go, PHP and Elixir.",
      replay: "0 of 2,200 changes",
    },
  ],
  run(facts) {
    if (facts.files.length === 0) return { not_applicable: "the change touches no file" };
    const list = findingList();
    for (const file of facts.files) {
      // Fonts and images hold the bytes of a direction control by chance.
      if (isBinary(file)) continue;
      const kind = classify(pathText(file.path));
      conflictMarkers(file, list);
      // Translations in data are prose; code in a folder of translations runs like any other.
      if (kind.language !== null || !(kind.docs || kind.locale)) bidiControls(file, list);
      if (kind.language !== null) codeLines(file, kind.language, kind.test, list);
    }
    return list.seen(lineGaps(facts.files), hiddenCode(facts.files));
  },
});
