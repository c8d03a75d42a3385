/** More of what Go's compiler, vet, staticcheck, revive and errcheck say. */
import { codeOf, isInText, isWrittenElsewhere, word } from "./lines.ts";
import { indentOf, isGo, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

/** `x.toUpper undefined (but have ToUpper)`: the same name, in other letters of size. */
function otherCase(place: Place): Mend | null {
  const said = /undefined: [\w.]*?\.?(\w+) \(but have (\w+)\)|(?:has no field or method|no field or method) (\w+), but does have (?:method|field) (\w+)/.exec(place.message);
  const [wrong, right] = [said?.[1] ?? said?.[3] ?? "", said?.[2] ?? said?.[4] ?? ""];
  return wrong === "" || wrong.toLowerCase() !== right.toLowerCase() ? null : once(new RegExp(`(?<=\\.)${wrong}\\b`), right, "write the name as it is")(place);
}

function tagOf(place: Place): Mend | null {
  const said = /`(\w+):([\w,.-]+)`/.exec(place.text);
  return said === null ? null : line(place, place.text.replace(said[0], () => `\`${said[1]}:"${said[2]}"\``), "quote the value of the tag");
}

/** `for _, n := range in { out = append(out, n) }`. */
function appended(place: Place): Mend | null {
  const head = /^(\s*)for _, (\w+) := range ([\w.]+) \{\s*$/.exec(place.text);
  const body = /^\s*([\w.]+) = append\(\1, (\w+)\)\s*$/.exec(place.lines[place.line] ?? "");
  return head === null || body === null || body[2] !== head[2] || place.lines[place.line + 1]?.trim() !== "}" ? null : { what: "append them all", edits: [{ line: place.line, gone: 3, come: [`${head[1]}${body[1]} = append(${body[1]}, ${head[3]}...)`] }] };
}

/** What the function around it gives back, where that ends with an error: the others as nothing. */
function errorLeave({ lines, line: at }: Place): string | null {
  const head = lines.slice(0, at).findLast((text) => /^func\b/.test(text)) ?? "";
  if (lines.slice(0, at - 1).some((text, i) => i > lines.indexOf(head) && /\bfunc\(/.test(text) && !/\}\)?$/.test(text))) return null;
  const gives = /\)\s*(?:\((?<many>[^()]*)\)|(?<one>[\w.*[\]]+))\s*\{\s*$/.exec(head)?.groups;
  const types = (gives?.["many"] ?? gives?.["one"] ?? "").split(",").map((one) => one.trim());
  const zero = (type: string): string | null => (type === "error" ? "err" : /^(?:u?int\d*|byte|rune|float\d+)$/.test(type) ? "0" : type === "string" ? '""' : type === "bool" ? "false" : /^(?:\*|\[\]|map\[|func|chan\b|any$|interface)/.test(type) ? "nil" : null);
  const values = types.map(zero);
  return types.at(-1) !== "error" || values.some((value) => value === null) ? null : `return ${values.join(", ")}`;
}

/** An error that nobody looks at is given back, where the function gives one. */
function checkedError(place: Place): Mend | null {
  const said = /^(\s+)([\w.]+\([^{}]*\))\s*$/.exec(place.text);
  const leave = said === null || isInText(place) || /^\s*(?:defer|go)\b/.test(place.text) ? null : errorLeave(place);
  const name = /\b(\w+)\(/.exec(said?.[2] ?? "")?.[1] ?? "";
  // Some calls give more than an error.
  if (said === null || leave === null || /^(?:Print|Fprint|Write|Read|Copy|Scan|Exec|Atoi|Parse|Open|Create|Seek|Sscan)/.test(name)) return null;
  return { what: "give the error back", edits: [{ line: place.line, gone: 1, come: [`${said[1]}if err := ${said[2]}; err != nil {`, `${said[1]}\t${leave}`, `${said[1]}}`] }] };
}

/** An import in place of another, with each use; null where the new one is there already or the old one does more. */
function moved(place: Place): Mend | null {
  const MOVED: Readonly<Record<string, string>> = { ReadFile: "os", WriteFile: "os", ReadDir: "os", TempFile: "os.CreateTemp", TempDir: "os.MkdirTemp", ReadAll: "io", Discard: "io", NopCloser: "io" };
  const use = /\bioutil\.(\w+)/.exec(codeOf(place.text))?.[1] ?? "";
  const to = Object.hasOwn(MOVED, use) && use !== "ReadDir" ? MOVED[use]! : null;
  const uses = place.lines.filter((text) => /\bioutil\./.test(codeOf(text))).length;
  const at = place.lines.findIndex((text) => /^\s*(?:import\s+)?"io\/ioutil"\s*$/.test(text));
  if (to === null || uses !== 1 || at < 0) return null;
  const [pkg = "", name = use] = to.split(".");
  const there = place.lines.some((text) => new RegExp(`^\\s*(?:import\\s+)?"${pkg}"\\s*$`).test(text));
  return { what: "use what takes its place", edits: [{ line: at + 1, gone: 1, come: there ? [] : [place.lines[at]!.replace("io/ioutil", pkg)] }, { line: place.line, gone: 1, come: [place.text.replace(/\bioutil\.\w+/, `${pkg}.${name}`)] }] };
}

/** `var m map[string]int` that is written to. */
function madeMap(place: Place): Mend | null {
  const name = /(?<![\w.])(\w+)\[[^\]]+\]\s*(?:=|\+\+|--|[-+]=)/.exec(codeOf(place.text))?.[1] ?? "";
  const at = name === "" ? [] : place.lines.flatMap((text, i) => (new RegExp(`^\\s*var ${name} map\\[[\\w.]+\\][\\w.*[\\]]+\\s*$`).test(text) ? [i] : []));
  if (at.length !== 1 || place.lines.some((text) => new RegExp(`(?<![\\w.])${name}\\s*(?:,[^=]*)?=(?!=)`).test(codeOf(text)))) return null;
  const text = place.lines[at[0]!]!;
  return { what: "make the map before it is written to", edits: [{ line: at[0]! + 1, gone: 1, come: [/^\s/.test(text) ? text.replace(/^(\s*)var (\w+) (map.*?)\s*$/, "$1$2 := make($3)") : text.replace(/^var (\w+) (map.*?)\s*$/, "var $1 = make($2)")] }] };
}

/** A parameter that nothing reads. */
function unreadParameter(place: Place): Mend | null {
  const name = /parameter ["'`](\w+)["'`]/.exec(place.message)?.[1] ?? "";
  const end = place.lines.findIndex((text, i) => i >= place.line && /^\}/.test(text));
  if (name === "" || name === "_" || !/^func\b.*\{\s*$/.test(place.text) || place.lines.slice(place.line, end < 0 ? undefined : end).some((text) => word(name).test(codeOf(text)))) return null;
  return place.text.match(new RegExp(`\\b${name}\\b`, "g"))?.length === 1 ? line(place, place.text.replace(new RegExp(`(?<=[(,]\\s*)${name}(?=[\\s,])`), "_"), "say that nothing reads it") : null;
}

/** `if x { return true }` and `return false`. */
function returnedBool(place: Place): Mend | null {
  const head = /^(\s*)if ([^;{]+) \{\s*$/.exec(place.text);
  const [one, close, other] = place.lines.slice(place.line, place.line + 3).map((text) => text.trim());
  if (head === null || close !== "}" || !/^return (?:true|false)$/.test(one ?? "") || !/^return (?:true|false)$/.test(other ?? "") || one === other) return null;
  const condition = one === "return true" ? head[2]! : /^[\w.]+(?:\([\w., ]*\))?$/.test(head[2]!) ? `!${head[2]}` : `!(${head[2]})`;
  return { what: "give the condition itself", edits: [{ line: place.line, gone: 4, come: [`${head[1]}return ${condition}`] }] };
}

const guarded = (place: Place): Mend | null => {
  const head = /^(\s*)if _, ok := ([\w.]+)\[([\w."]+)\]; ok \{\s*$/.exec(place.text);
  return head === null || place.lines[place.line]?.trim() !== `delete(${head[2]}, ${head[3]})` || place.lines[place.line + 1]?.trim() !== "}" ? null : { what: "delete it, there or not", edits: [{ line: place.line, gone: 3, come: [`${head[1]}delete(${head[2]}, ${head[3]})`] }] };
};

/** A package that only one line names gives its place to what that line has now. */
const sprint = (place: Place): Mend | null => (place.lines.filter((text) => /\bfmt\./.test(codeOf(text))).length > 1 ? once(/\bfmt\.Sprintf\("%s", ([\w.]+)\)|\bfmt\.Sprint\(([A-Za-z_]\w*)\)/, "$1$2", "it is a text already")(place) : null);

export const GO_FORMS: readonly MendRule[] = ([
  { of: /but have \w+|but does have/i, mend: otherCase },
  { of: /struct field tag|structtag/i, mend: tagOf },
  { of: /\bs1011\b|replace loop with .* = append/i, mend: appended },
  { of: /errcheck|error return value .* not checked|unchecked error|unhandled error|\bg104\b/i, mend: checkedError },
  // errcheck prints the call alone.
  { of: /\)\s*$/, mend: (place) => (place.message.trim() === place.text.trim() ? checkedError(place) : null) },
  { of: /sa1019.*ioutil|ioutil.* is deprecated|deprecated.*ioutil/i, mend: moved },
  { of: /assignment to (?:entry in )?nil map|sa5000|\bpanic\b/i, mend: madeMap },
  { of: /unused-parameter|unused parameter|unparam/i, mend: unreadParameter },
  { of: /\bs1008\b|should use 'return|simplify.*return/i, mend: returnedBool },
  { of: /\bs1033\b|unnecessary guard around call to delete/i, mend: guarded },
  { of: /\bs1025\b|\bs1039\b|unnecessary use of fmt\.Sprint|already a string|instead of fmt\.Sprintf/i, mend: sprint },
  { of: /\bs1028\b|fmt\.Errorf\(\.\.\.\) instead of errors\.New/i, mend: (place) => (isWrittenElsewhere(place, "errors") && place.lines.filter((text) => /\berrors\./.test(codeOf(text))).length < 2 ? null : once(/\berrors\.New\(fmt\.Sprintf\((.+)\)\)(?=\s*$|,)/, "fmt.Errorf($1)", "make the error in one step")(place)) },
  { of: /increment-decrement|should replace .* (?:\+|-)= 1 with/i, mend: (place) => once(/^(\s*[\w.[\]]+) \+= 1(?=\s*$)/, "$1++", "count it")(place) ?? once(/^(\s*[\w.[\]]+) -= 1(?=\s*$)/, "$1--", "count it")(place) },
  { of: /errorsas|second argument to errors\.As must be/i, mend: once(/(\berrors\.As\([\w.]+, )(?=[A-Za-z_]\w*\))/, "$1&", "give it where the error goes") },
  { of: /unmarshal.*passes non-pointer|call of \w+ passes non-pointer/i, mend: once(/(\bUnmarshal\([\w.]+, |\bDecode\()(?=[A-Za-z_]\w*\))/, "$1&", "give it where the value goes") },
  { of: /sigchanyzer|misuse of unbuffered os\.Signal channel|sa1017/i, mend: (place) => { const at = place.lines.flatMap((text, i) => (/make\(chan os\.Signal\)/.test(text) ? [i] : [])); return at.length === 1 ? { what: "leave room for one signal", edits: [{ line: at[0]! + 1, gone: 1, come: [place.lines[at[0]!]!.replace("make(chan os.Signal)", "make(chan os.Signal, 1)")] }] } : null; } },
  { of: /timeformat|2006-02-01 should be 2006-01-02/i, mend: (place) => (place.text.split("2006-02-01").length === 2 ? line(place, place.text.replace("2006-02-01", "2006-01-02"), "write month and day as Go reads them") : null) },
  { of: /direct assignment to atomic value/i, mend: once(/^(\s*)([\w.]+) = (atomic\.Add\w+\(&\2, )/, "$1$3", "the call itself adds") },
  { of: /non-constant format string|sa1006|printf-style function with dynamic/i, mend: once(/(\b(?:fmt\.(?:Printf|Sprintf|Errorf)|(?:log|t|b)\.(?:Printf|Fatalf|Errorf|Logf|Skipf))\()(?=[A-Za-z_][\w.]*(?:\(\))?\))/, '$1"%s", ', "print it as text, not as a format") },
  { of: /possible (?:printf )?formatting directive/i, mend: (place) => { const said = /\b(fmt|log|t|b)\.(Print|Fatal|Error|Log|Panic)(?:ln)?\("((?:\\.|[^"\\])*%(?:\\.|[^"\\])*)"/.exec(place.text); return said === null || isInText(place) ? null : line(place, place.text.replace(said[0], () => `${said[1]}.${said[2]}f("${said[3]}${said[1] === "fmt" && !said[3]!.endsWith("\\n") ? "\\n" : ""}"`), "print it with its format"); } },
  { of: /\bs1019\b|should use make\(/i, mend: once(/make\(([^,()]+), 0, 0\)|make\((\[\][\w.*]+|chan [\w.]+), (\w+), \3\)/, "make($1$2, $3)", "say it once") },
  { of: /var-declaration|should omit type|\bs1021\b|qf1011/i, mend: once(/^(\s*var \w+) (?:string(?= = ")|int(?= = -?\d+\s*$)|bool(?= = (?:true|false)\s*$))/, "$1", "leave the type to the value") },
  { of: /should drop = (?:0|""|nil|false)/i, mend: once(/^(\s*var \w+ [\w.[\]*]+) = (?:0|""|nil|false)\s*$/, "$1", "it is that anyway") },
  { of: /\bs1006\b|use for \{\}/i, mend: once(/^(\s*)for true \{/, "$1for {", "go on for ever") },
  { of: /\bs1007\b|raw string/i, mend: (place) => { const said = /MustCompile\("((?:\\\\|[^"\\`])*)"\)/.exec(place.text); return said === null ? null : line(place, place.text.replace(said[0], () => `MustCompile(\`${said[1]!.replaceAll("\\\\", "\\")}\`)`), "write the pattern as it is"); } },
  { of: /\bs1031\b|unnecessary nil check around range/i, mend: (place) => { const head = /^(\s*)if (\w+) != nil \{\s*$/.exec(place.text); const end = place.lines.findIndex((text, i) => i >= place.line && text === `${head?.[1]}}`); const body = place.lines.slice(place.line, end); return head === null || end < 0 || !new RegExp(`range ${head[2]} \\{`).test(body[0] ?? "") || body.slice(0, -1).some((text) => indentOf(text) === `${head[1]}\t` && text.trim() === "}") ? null : { what: "go through it, there or not", edits: [{ line: place.line, gone: body.length + 2, come: body.map((text) => text.replace(/^\t/, "")) }] }; } },
  { of: /sa6005|strings\.EqualFold/i, mend: once(/strings\.ToLower\(([\w.]+)\) == strings\.ToLower\(([\w.]+)\)|strings\.ToUpper\(([\w.]+)\) == strings\.ToUpper\(([\w.]+)\)/, "strings.EqualFold($1$3, $2$4)", "compare without regard to case") },
  { of: /missing ['"`]?,['"`]? before newline|unexpected newline in (?:composite literal|argument list)/i, mend: (place) => (/[\w"'`)\]}]\s*$/.test(codeOf(place.text)) && !isInText(place) ? line(place, `${place.text.trimEnd()},`, "end the line with a comma") : null) },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isGo, mend) }));
