/** Mends of what Go's compiler, vet, staticcheck and its race detector say. */
import { codeOf, isInText, word } from "./lines.ts";
import { indentOf, isGo, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

/** The lines of the function around a place, 0-based and with its head; as gofmt writes it. */
function functionAround({ lines, line: at }: Pick<Place, "lines" | "line">): { readonly head: number; readonly end: number } | null {
  let head = at - 1;
  while (head >= 0 && !/^func\b/.test(lines[head]!)) {
    if (head < at - 1 && /^\}/.test(lines[head]!)) return null;
    head -= 1;
  }
  if (head < 0 || !/\{\s*$/.test(lines[head]!)) return null;
  const length = lines.slice(head).findIndex((text) => /^\}/.test(text));
  return length < 0 || head + length < at - 1 ? null : { head, end: head + length };
}

const METHOD = /^func\s+\((?<self>[A-Za-z_]\w*)\s+(?<star>\*?)(?<type>[A-Za-z_]\w*)\)\s+(?<name>\w+)\(/;

/** A method on a copy of what holds a lock: the copy is locked, and nobody else. */
function copiedLock(place: Place): Mend | null {
  const said = METHOD.exec(place.text)?.groups;
  if (said === undefined || said["star"] !== "" || !new RegExp(`\\b${said["name"]} passes lock by value`).test(place.message)) return null;
  return line(place, place.text.replace(/^(func\s+\([A-Za-z_]\w*\s+)/, "$1*"), "let the method work on the thing itself", "whoever keeps a copy of it has to keep a pointer");
}

/** The function that ends a context, called when the function around it ends. */
function lostCancel(place: Place): Mend | null {
  const around = functionAround(place);
  const said = /^(?<indent>\t+)(?<left>\w+),\s*(?<cancel>\w+)\s*(?<sign>:?=)\s*(?<call>context\.With(?:Timeout|Deadline|Cancel)\(.*\))\s*$/.exec(place.text)?.groups;
  if (around === null || said === undefined) return null;
  const { indent = "", left = "", cancel = "", sign = "", call = "" } = said;
  const body = place.lines.slice(around.head, around.end);
  if (cancel !== "_") {
    return body.some((text) => new RegExp(`\\bdefer\\s+${cancel}\\(`).test(text)) || body.some((text) => new RegExp(`\\breturn\\b.*\\b${cancel}\\b`).test(text)) ? null : { what: "end the context with the function", edits: [{ line: place.line + 1, gone: 0, come: [`${indent}defer ${cancel}()`] }] };
  }
  // Deeper, or for a name that is not a parameter, := would make another one.
  if (body.some((text) => word("cancel").test(text)) || (sign === "=" && (indent.length !== 1 || !new RegExp(`[(,]\\s*${left}\\b`).test(body[0]!)))) return null;
  return { what: "end the context with the function", edits: [{ line: place.line, gone: 1, come: [`${indent}${left}, cancel := ${call}`, `${indent}defer cancel()`] }] };
}

function comparedWithBool(place: Place): Mend | null {
  const hits = [...codeOf(place.text).matchAll(/(?<![\w.)\]])([A-Za-z_][\w.]*(?:\([\w., ]*\))?) (==|!=) (true|false)\b/g)];
  const [hit] = hits;
  if (hit === undefined || hits.length !== 1) return null;
  const negated = (hit[2] === "==") !== (hit[3] === "true");
  return line(place, place.text.slice(0, hit.index) + (negated ? "!" : "") + hit[1]! + place.text.slice(hit.index + hit[0].length), "ask for truth itself");
}

/** What an error says stands in the middle of other sentences. */
function errorText(place: Place): Mend | null {
  const said = /\b(?:errors\.New|fmt\.Errorf)\("(?<text>(?:\\.|[^"\\])*)"/.exec(place.text);
  const text = said?.groups?.["text"] ?? "";
  if (said === null || text === "" || place.text.split(said[0]).length !== 2) return null;
  const lowered = /^[A-Z][a-z]+\b/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
  const bare = lowered.replace(/(?:\\n|[.!?:]|\s)+$/, "");
  return bare === "" ? null : line(place, place.text.replace(said[0], () => said[0].replace(`"${text}"`, () => `"${bare}"`)), "write it as part of a sentence", "whoever compares the text finds another");
}

/** A value that nobody reads, of a call that gives several. */
function notUsed(place: Place): Mend | null {
  const name = /declared and not used: (\w+)|(\w+) declared (?:and|but) not used/.exec(place.message)?.slice(1).find((one) => one !== undefined) ?? "";
  const around = functionAround(place);
  const said = /^(\t+)([\w, ]+?)\s*:=\s*(.+)$/.exec(place.text);
  // An error that nobody looks at is not to be looked away from.
  if (name === "" || /err(?:or)?$/i.test(name) || around === null || said === null) return null;
  const names = said[2]!.split(",").map((one) => one.trim());
  const others = names.filter((one) => one !== name && one !== "_");
  const rest = place.lines.slice(place.line, around.end);
  if (!names.includes(name) || rest.some((text) => word(name).test(codeOf(text)))) return null;
  if (others.length === 0) return names.length === 1 && /^(?:-?\d[\d.]*|"(?:\\.|[^"\\])*"|true|false|nil|[A-Za-z_]\w*|len\([A-Za-z_]\w*\))$/.test(said[3]!.trim()) ? { what: "remove the variable that nothing uses", edits: [{ line: place.line, gone: 1, come: [] }] } : null;
  const known = place.lines.slice(around.head, place.line - 1).some((text) => others.some((other) => new RegExp(`(?:^func.*[(,]\\s*${other}\\b)|\\b${other}\\b[\\w, ]*:=|\\bvar\\s+${other}\\b`).test(text)));
  return known ? null : line(place, `${said[1]}${names.map((one) => (one === name ? "_" : one)).join(", ")} := ${said[3]}`, "drop the value that nothing uses");
}

const PACKAGES: Readonly<Record<string, string>> = { errors: "errors", fmt: "fmt", os: "os", io: "io", strings: "strings", strconv: "strconv", bytes: "bytes", time: "time", sync: "sync", context: "context", sort: "sort", math: "math", log: "log", regexp: "regexp", slices: "slices", maps: "maps", bufio: "bufio", http: "net/http", url: "net/url", json: "encoding/json", base64: "encoding/base64", hex: "encoding/hex", filepath: "path/filepath", exec: "os/exec", atomic: "sync/atomic", testing: "testing", reflect: "reflect", unicode: "unicode" };

function notImported(place: Place): Mend | null {
  const name = /undefined: (\w+)\s*$/.exec(place.message)?.[1] ?? "";
  const path = Object.hasOwn(PACKAGES, name) ? PACKAGES[name]! : null;
  const { lines } = place;
  if (path === null || !new RegExp(`(?<![\\w.])${name}\\.[A-Z]`).test(codeOf(place.text)) || lines.some((text) => text.includes(`"${path}"`))) return null;
  const block = lines.findIndex((text) => /^import \($/.test(text));
  if (block >= 0) {
    let at = block + 1;
    while (at < lines.length && /^\t"/.test(lines[at]!) && lines[at]!.trim() < `"${path}"`) at += 1;
    return { what: "import what it uses", edits: [{ line: at + 1, gone: 0, come: [`\t"${path}"`] }] };
  }
  const single = lines.findIndex((text) => /^import "/.test(text));
  if (single >= 0) return { what: "import what it uses", edits: [{ line: single + 2, gone: 0, come: [`import "${path}"`] }] };
  const head = lines.findIndex((text) => /^package \w+\s*$/.test(text));
  return head < 0 ? null : { what: "import what it uses", edits: [{ line: head + 2, gone: 0, come: lines[head + 1]?.trim() === "" ? ["", `import "${path}"`] : ["", `import "${path}"`, ""] }] };
}

/** `i <= len(list)`: one step too far. */
function oneTooFar({ lines, line: at, text }: Place): Mend | null {
  const indices = new Set([...codeOf(text).matchAll(/\[\s*([A-Za-z_]\w*)\s*\]/g)].map((match) => match[1]!));
  for (let up = at - 1; up >= 0 && up >= at - 15; up -= 1) {
    const loop = /^\s*for\s+(\w+)\s*:=\s*\d+;\s*\1\s*<=\s*len\(/.exec(codeOf(lines[up]!));
    if (loop !== null && indices.has(loop[1]!)) return { what: "end the loop before the length", edits: [{ line: up + 1, gone: 1, come: [lines[up]!.replace("<=", "<")] }] };
  }
  return null;
}

/** What other methods of the same thing touch under its lock, this one touches without it. */
function unlocked(place: Place): Mend | null {
  const around = functionAround(place);
  const said = around === null ? undefined : METHOD.exec(place.lines[around.head]!)?.groups;
  if (around === null || said === undefined || said["star"] !== "*") return null;
  const { self = "", type = "", name = "" } = said;
  const struct = place.lines.findIndex((text) => new RegExp(`^type\\s+${type}\\s+struct\\s*\\{`).test(text));
  const fields = struct < 0 ? [] : place.lines.slice(struct + 1, struct + 1 + Math.max(0, place.lines.slice(struct + 1).findIndex((text) => /^\}/.test(text))));
  const locks = fields.flatMap((text) => /^\s+(\w+)\s+sync\.(?:RW)?Mutex\b/.exec(text)?.[1] ?? []);
  const [lock] = locks;
  if (lock === undefined || locks.length !== 1) return null;
  const methods = place.lines.flatMap((text, head) => { const groups = METHOD.exec(text)?.groups; const body = groups?.["type"] === type ? functionAround({ lines: place.lines, line: head + 1 }) : null; return groups === undefined || body === null ? [] : [{ self: groups["self"]!, name: groups["name"]!, body: place.lines.slice(body.head + 1, body.end).join("\n") }]; });
  const locked = methods.filter((method) => new RegExp(`\\b${method.self}\\.${lock}\\.R?Lock\\(`).test(method.body));
  const own = methods.find((method) => method.name === name);
  const touched = [...new Set([...(own?.body ?? "").matchAll(new RegExp(`\\b${self}\\.(\\w+)\\b(?!\\s*\\()`, "g"))].map((match) => match[1]!))].filter((field) => field !== lock);
  // Under the lock already, or called by who holds it, it would wait for itself.
  if (own === undefined || locked.length === 0 || locked.includes(own) || /\bgo\s|<-|\bfunc\(/.test(own.body)) return null;
  if (locked.some((method) => new RegExp(`\\b${method.self}\\.${name}\\(`).test(method.body) || new RegExp(`\\b${self}\\.${method.name}\\(`).test(own.body))) return null;
  if (!touched.some((field) => locked.some((method) => new RegExp(`\\b${method.self}\\.${field}\\b`).test(method.body)))) return null;
  const indent = "\t";
  return { what: "take the lock that the other methods take", edits: [{ line: around.head + 2, gone: 0, come: [`${indent}${self}.${lock}.Lock()`, `${indent}defer ${self}.${lock}.Unlock()`] }], caution: "whoever calls it while holding that lock waits for ever" };
}

/** What is closed before anybody knows that it is there. */
function closedTooEarly({ lines, line: at }: Place): Mend | null {
  const from = [at - 1, at].find((up) => /^\s*defer\s+[\w.]+\.Close\(\)\s*$/.test(lines[up] ?? ""));
  if (from === undefined) return null;
  const [defer, check] = [lines[from]!, lines[from + 1] ?? ""];
  if (!/^\s*if err != nil \{\s*$/.test(check) || indentOf(check) !== indentOf(defer)) return null;
  const length = lines.slice(from + 2).findIndex((text) => text === `${indentOf(check)}}`);
  if (length < 0 || length > 8 || !/^\s*return\b|^\s*(?:log\.Fatal|panic)/.test(lines[from + 1 + length] ?? "")) return null;
  return { what: "close it once it is known to be there", edits: [{ line: from + 1, gone: 1, come: [] }, { line: from + length + 4, gone: 0, come: [defer] }] };
}

export const GO_MENDS: readonly MendRule[] = ([
  { of: /passes lock by value|copylocks/i, mend: copiedLock },
  { of: /lostcancel|cancel function .*(?:should be called|is not used on all paths)/i, mend: lostCancel },
  { of: /\bs1002\b|omit comparison to bool|bool-literal-in-expr/i, mend: comparedWithBool },
  { of: /\bst1005\b|error strings? should not|error-strings/i, mend: errorText },
  { of: /declared (?:and|but) not used/i, mend: notUsed },
  { of: /undefined: \w+\s*$/i, mend: notImported },
  { of: /index out of range/i, mend: oneTooFar },
  { of: /data race|race detected/i, mend: unlocked },
  { of: /sa5001|httpresponse|before (?:checking for errors|deferring)/i, mend: closedTooEarly },
  { of: /\bs1005\b|unnecessary assignment to the blank identifier/i, mend: (place) => once(/(?<=\bfor\s+\w+), _(?=\s*:?=\s*range\b)/, "", "leave out what is not used")(place) ?? once(/(?<=^\s*\w+), _(?=\s*:?=\s*[\w.]+\[[^\]]+\]\s*$)/, "", "leave out what is not used")(place) },
  { of: /\bs1003\b|should use strings\.Contains/i, mend: (place) => once(/\bstrings\.Index\(([^()]+)\) (?:!= -1|>= 0|> -1)/, "strings.Contains($1)", "ask whether it is there")(place) ?? once(/\bstrings\.Index\(([^()]+)\) (?:== -1|< 0)/, "!strings.Contains($1)", "ask whether it is there")(place) },
  { of: /\bs1009\b|omit nil check/i, mend: once(/(?<![\w.])(\w[\w.]*) == nil \|\| (?=len\(\1\) == 0)|(?<![\w.])(\w[\w.]*) != nil && (?=len\(\2\) (?:!= 0|> 0))/, "", "its length says the same") },
  { of: /\bs1012\b|use time\.Since/i, mend: once(/\btime\.Now\(\)\.Sub\(([\w.]+)\)/, "time.Since($1)", "use what says so") },
  { of: /structtag|bad syntax for struct tag/i, mend: (place) => (/`\w+:"[\w,-]+`\s*$/.test(place.text) && !isInText({ ...place, text: "" }) ? line(place, place.text.replace(/(`\w+:"[\w,-]+)`(\s*)$/, '$1"`$2'), "close the value of the tag") : null) },
  { of: /ends with redundant newline/i, mend: (place) => (/\bPrintln\(.*\\n"\)\s*$/.test(place.text) ? line(place, place.text.replace(/\\n"\)(\s*)$/, '")$1'), "leave the line feed to Println") : null) },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isGo, mend) }));
