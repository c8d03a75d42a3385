/** Mends of what ruff, flake8, pylint, mypy and Python itself say, beside those in rules.ts and languages.ts. */
import { codeOf, isInText } from "./lines.ts";
import { blockBelow, indentOf, isPython, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

/** The one call of that name that begins and ends on the line; its brackets count, what stands in texts does not. */
function callIn(text: string, name: RegExp): { readonly inside: string; readonly end: number } | null {
  const code = codeOf(text);
  const hits = [...code.matchAll(new RegExp(name.source, "g"))];
  if (hits.length !== 1) return null;
  const start = hits[0]!.index + hits[0]![0].length;
  let depth = 1;
  for (let at = start; at < code.length; at += 1) {
    if (/[([{]/.test(code[at]!)) depth += 1;
    if (/[)\]}]/.test(code[at]!)) depth -= 1;
    if (depth === 0) return { inside: text.slice(start, at), end: at };
  }
  return null;
}

/** One more named argument at the end, where there is none of that name. */
const argument = (name: RegExp, key: string, value: string, what: string, caution: string | undefined, unless: RegExp) => (place: Place): Mend | null => {
  const call = isInText(place) ? null : callIn(place.text, name);
  if (call === null || call.inside.trim() === "" || /,\s*$/.test(call.inside) || new RegExp(`\\b${key}\\s*=|\\*\\*`).test(call.inside) || unless.test(call.inside)) return null;
  return line(place, `${place.text.slice(0, call.end)}, ${key}=${value}${place.text.slice(call.end)}`, what, caution);
};

/** `def f(a: int):` whose body gives nothing back. */
function givesNothing(place: Place): Mend | null {
  const head = /^(\s*(?:async\s+)?def\s+\w+\s*\(.*\))(\s*:\s*(?:#.*)?)$/.exec(place.text);
  if (head === null || /->/.test(place.text) || isInText(place)) return null;
  const { from, to } = blockBelow(place.lines, place.line);
  const body = place.lines.slice(from - 1, to);
  if (body.length === 0 || body.some((text) => /^\s*return\s+\S|\byield\b|\braise\s+NotImplementedError|^\s*\.\.\.|@\w*overload/.test(text.replace(/#.*$/, "")) && !/^\s*return\s+None\s*$/.test(text))) return null;
  // Whoever only raises may give back anything.
  return body.every((text) => text.trim() === "" || /^\s*(?:raise\b|"""|'''|["'])/.test(text)) ? null : line(place, `${head[1]} -> None${head[2]}`, "say that it gives nothing back");
}

const MODULES = new Set("abc argparse ast asyncio base64 bisect calendar cmath collections configparser contextlib copy csv dataclasses datetime decimal difflib enum errno fnmatch functools gc getpass glob gzip hashlib heapq hmac html http importlib inspect io ipaddress itertools json locale logging math mimetypes multiprocessing operator os pathlib pickle platform pprint queue random re secrets select shlex shutil signal socket sqlite3 ssl stat statistics string struct subprocess sys tempfile textwrap threading time timeit traceback types typing unicodedata unittest urllib uuid warnings weakref zipfile zlib".split(" "));
const FROM: Readonly<Record<string, string>> = Object.fromEntries(Object.entries({
  typing: "Any Callable Dict Final Generic Iterable Iterator List Literal Mapping NamedTuple Optional Protocol Sequence Set Tuple TypedDict TypeVar Union cast overload TYPE_CHECKING",
  pathlib: "Path PurePath PurePosixPath", dataclasses: "dataclass field asdict", collections: "defaultdict OrderedDict namedtuple deque ChainMap", functools: "lru_cache partial wraps reduce cached_property", contextlib: "contextmanager suppress closing ExitStack", decimal: "Decimal", fractions: "Fraction", enum: "Enum IntEnum", abc: "ABC abstractmethod", datetime: "timedelta timezone", itertools: "islice", uuid: "uuid4", io: "StringIO BytesIO",
}).flatMap(([module, names]) => names.split(" ").map((name) => [name, module])));

/** Where an import goes: with the others, or below what the module says of itself. */
function importsAt(lines: readonly string[]): { readonly line: number; readonly alone: boolean } | null {
  const first = lines.findIndex((text) => /^(?:import|from)\s+\S/.test(text) && !/^from\s+__future__/.test(text));
  if (first >= 0) return { line: first + 1, alone: false };
  let at = 0;
  while (at < lines.length && /^(?:#|\s*$)/.test(lines[at]!)) at += 1;
  const quote = /^[rbu]?("""|''')/.exec(lines[at] ?? "")?.[1];
  if (quote !== undefined) {
    if (lines[at]!.split(quote).length < 3) for (at += 1; at < lines.length && !lines[at]!.includes(quote); at += 1);
    at += 1;
  } else if (/^["']/.test(lines[at] ?? "")) at += 1;
  const future = lines.findLastIndex((text) => /^from\s+__future__\s+import\s+[^(\\]+$/.test(text));
  if (future >= at) at = future + 1;
  while (at < lines.length && lines[at]!.trim() === "") at += 1;
  return at >= lines.length ? null : { line: at + 1, alone: true };
}

const BINDING_CHARACTERS_MAX = 400;
/** Whether the line gives the name a meaning, or may. */
function binds(text: string, name: string): boolean {
  const named = new RegExp(`\\b${name}\\b`);
  if (/^\s*(?:import|from|global|nonlocal)\b/.test(text)) return named.test(text);
  if (/^\s*(?:async\s+)?(?:def|class)\b/.test(text)) return new RegExp(`\\b(?:def|class)\\s+${name}\\b|[(,]\\s*\\*{0,2}${name}\\s*[,:)=]`).test(text);
  if (/^\s*(?:async\s+)?for\b/.test(text)) return named.test(text.split(/\bin\b/)[0]!);
  return new RegExp(`^\\s*${name}\\s*(?::[^=]*)?=(?!=)|\\bas\\s+${name}\\b`).test(text);
}

/** A module of Python itself that is used as one, or one of its names that can be no other. */
function notImported(place: Place): Mend | null {
  const { lines } = place;
  const name = /name ['"`](\w+)['"`](?: is not defined)?|undefined (?:name|variable) ['"`](\w+)['"`]|["'`](\w+)["'`] is not defined/i.exec(place.message)?.slice(1).find((one) => one !== undefined) ?? "";
  if (name === "" || !new RegExp(`\\b${name}\\b`).test(codeOf(place.text)) || lines.some((text) => binds(text.slice(0, BINDING_CHARACTERS_MAX), name))) return null;
  const at = importsAt(lines);
  const from = Object.hasOwn(FROM, name) ? FROM[name]! : null;
  const come = MODULES.has(name) && new RegExp(`\\b${name}\\.\\w`).test(codeOf(place.text)) ? `import ${name}` : from === null ? null : `from ${from} import ${name}`;
  if (come === null || at === null) return null;
  return { what: "import what it uses", edits: [{ line: at.line, gone: 0, come: at.alone ? [come, "", ""] : [come] }] };
}

/** Lines between definitions, as pycodestyle counts them. */
function blankLines(place: Place): Mend | null {
  const said = /expected (?<wanted>\d) blank lines?(?: after .*?)?,? (?:but )?found (?<found>\d)/i.exec(place.message)?.groups;
  const many = /too many blank lines \((?<found>\d{1,2})\)/i.exec(place.message)?.groups;
  let { line: at } = place;
  while (at > 1 && /^\s*(?:#|@)/.test(place.lines[at - 2]!) && indentOf(place.lines[at - 2]!) === indentOf(place.text)) at -= 1;
  let blank = 0;
  while (at - 2 - blank >= 0 && place.lines[at - 2 - blank]!.trim() === "") blank += 1;
  if (isInText(place) || at - 2 - blank < 0) return null;
  const wanted = said !== undefined ? Number(said["wanted"]) : indentOf(place.text) === "" ? 2 : 1;
  if (said !== undefined && blank === Number(said["found"]) && wanted > blank && wanted <= 2) return { what: "part it with blank lines", edits: [{ line: at, gone: 0, come: Array.from({ length: wanted - blank }, () => "") }] };
  return many !== undefined && blank === Number(many["found"]) && blank > wanted ? { what: "take out blank lines", edits: [{ line: at - blank, gone: blank - wanted, come: [] }] } : null;
}

/** `f = lambda a: a + 1` as a function with that name. */
function namedLambda(place: Place): Mend | null {
  const said = /^(\s*)([A-Za-z_]\w*)\s*=\s*lambda(?:\s+([\w\s,=*]*?))?\s*:\s*(.+)$/.exec(place.text);
  if (said === null || isInText(place) || /\blambda\b|#/.test(said[4]!)) return null;
  const opened = (said[4]!.match(/[([{]/g) ?? []).length === (said[4]!.match(/[)\]}]/g) ?? []).length;
  return opened ? { what: "define it as a function", edits: [{ line: place.line, gone: 1, come: [`${said[1]}def ${said[2]}(${said[3] ?? ""}):`, `${said[1]}    return ${said[4]!.trimEnd()}`] }] } : null;
}

/** A pattern in a plain text, whose backslashes only happen to stay. */
function rawText(place: Place): Mend | null {
  const hits = [...place.text.matchAll(/(?<![\w"'\\])(["'])((?:\\.|(?!\1)[^\\])*)\1/g)].filter((hit) => hit[2]!.includes("\\"));
  const [hit] = hits;
  if (hits.length !== 1 || hit === undefined || isInText(place) || place.text.includes('"""') || /\\[\\'"abfnrtvxuUN0-7\n]/.test(hit[2]!)) return null;
  return line(place, `${place.text.slice(0, hit.index)}r${place.text.slice(hit.index)}`, "write it as a raw text, which it was read as");
}

/** `range(len(x) + 1)`: one step too far. */
const oneTooFar = (place: Place): Mend | null => {
  const index = /\[\s*([A-Za-z_]\w*)\s*\]/.exec(codeOf(place.text))?.[1];
  for (let at = place.line - 1; index !== undefined && at >= 0 && at >= place.line - 10; at -= 1) {
    const text = place.lines[at]!;
    if (new RegExp(`\\bfor\\s+${index}\\s+in\\s+range\\((?:0,\\s*)?len\\(\\w+\\)\\s*\\+\\s*1\\)`).test(text)) return { what: "end the loop before the length", edits: [{ line: at + 1, gone: 1, come: [text.replace(/(len\(\w+\))\s*\+\s*1\)/, "$1)")] }] };
  }
  return null;
};

/** `except E as error:` whose name nothing reads. */
function unreadError(place: Place): Mend | null {
  const name = /["'`](\w+)["'`]/.exec(place.message)?.[1] ?? "";
  const { from, to } = blockBelow(place.lines, place.line);
  return name === "" || place.lines.slice(from - 1, to).some((text) => new RegExp(`\\b${name}\\b`).test(text)) ? null : once(new RegExp(`(?<=^\\s*except\\b.*\\S)\\s+as\\s+${name}(?=\\s*:)`), "", "leave out the name that nothing reads")(place);
}

export const PYTHON_MENDS: readonly MendRule[] = ([
  { of: /w1514|plw1514|unspecified-encoding|without (?:explicit )?.{0,40}\bencoding\b/i, mend: argument(/(?<![\w.])open\(/, "encoding", '"utf-8"', "name the encoding", "where the machine's own is another, files written with it read otherwise", /["'][rwax+]*b[rwax+]*["']/) },
  { of: /w1510|subprocess-run-check|without explicit(?:ly)? .{0,20}check/i, mend: argument(/\bsubprocess\.run\(/, "check", "False", "say that a failure is not raised, as it is now", "whether it should be is for you to say", /^\*/) },
  { of: /\bb905\b|zip\(\).* without an explicit .?strict/i, mend: argument(/(?<![\w.])zip\(/, "strict", "False", "say that lengths may differ, as they may now", "whether they should is for you to say", /^\*/) },
  { of: /no-untyped-def|missing a return type annotation|\bann20[124]\b|missing return type annotation/i, mend: givesNothing },
  { of: /\bf821\b|name-defined|nameerror|undefined[- ](?:name|variable)|e0602|reportundefinedvariable|is not defined/i, mend: notImported },
  { of: /\be30[1-6]\b|blank lines?/i, mend: blankLines },
  { of: /\bf841\b|w0612|unused-variable/i, mend: unreadError },
  { of: /\bf631\b|w0199|assert-on-tuple|assert(?:ion)? (?:test )?is (?:a non-empty tuple|always true)/i, mend: once(/^(\s*assert )\((.+), ((["'])[^"']*\4)\)(?=\s*$)/, "$1$2, $3", "assert the first of the two") },
  { of: /\be731\b|c3001|lambda expression/i, mend: namedLambda },
  { of: /\bw605\b|invalid escape sequence|w1401/i, mend: rawText },
  { of: /indexerror|index out of range/i, mend: oneTooFar },
  { of: /\be712\b|comparison to false|singleton-comparison/i, mend: once(/(?<=\b(?:if|elif|while)\s+)([\w.]+(?:\([\w., ]*\))?)\s*==\s*False(?=\s*:)/, "not $1", "ask for truth itself", "a value that is false and not False counts now") },
  { of: /\be721\b|unidiomatic-typecheck|c0123|type comparison/i, mend: once(/(?<![\w.])(type\([\w.]+\))\s*==\s*(?=\w)/, "$1 is ", "compare types by identity") },
  { of: /\be231\b|missing whitespace after ['"`]?,/i, mend: once(/,(?=[^\s,)\]}])/, ", ", "a space behind the comma") },
  { of: /\be703\b|statement ends with a semicolon|w0301/i, mend: once(/\s*;\s*$/, "", "no semicolon at the end") },
  { of: /\be261\b|at least two spaces before inline comment/i, mend: once(/(?<=\S) ?(?=#[^"'`]*$)/, "  ", "two spaces before a comment") },
  { of: /\be26[25]\b|comment should start with '# '/i, mend: once(/(?<=^\s*|\s\s)#(?=[A-Za-z][^"'`]*$)/, "# ", "a space behind the number sign") },
  { of: /sim118|key in dict\.keys|c0201|consider-iterating-dictionary/i, mend: once(/(?<=\bin\s+[\w.]+)\.keys\(\)/, "", "ask the dictionary itself") },
  { of: /ruf100|unused .?noqa/i, mend: once(/\s*# noqa(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?\s*$/, "", "take out what nothing asks for") },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isPython, mend) }));
