/** What only several lines show: something that grows and never shrinks, work done once more in each turn of a loop, what is opened and not closed. */
import type { Seen } from "../material.ts";
import { withoutComment } from "./inside.ts";
import type { Area, Level, Risk } from "./risks.ts";
import { isContract } from "./turned.ts";
import type { Within } from "./within.ts";

const LINE_READ_MAX = 500;
const LINES_READ_MAX = 6_000;
const ADDED_READ_MAX = 600;
const LINES_ABOVE_MAX = 40;
const CUE_CHARACTERS_MAX = 80;
const HELD_MAX = 20;

/** A collection that lives as long as the program: at the margin, or of a class. */
const HELD = /^(?<indent>\s*)(?<words>(?:(?:export|private|public|protected|internal|static|final|readonly|let|const|var|val|mut|lateinit)\s+)*)(?:[\w<>[\], .?]{1,60}\s+)?(?<name>@{0,2}[A-Za-z_$][\w$]*)\s*(?::[^=]{1,80})?:?=\s*(?:new\s+)?(?:map\[|make\(\s*map|\{\s*\}|\[\s*\]|Map\b|Set\b|HashMap|LinkedHashMap|ConcurrentHashMap|ConcurrentDictionary|Dictionary|ArrayList|List<|defaultdict|dict\(|list\(|set\(\)|Vec::new|HashMap::new|mutable(?:Map|List|Set)Of|Hash\.new|array\(\)|sync\.Map)/;
const SHRINKS = /\.(?:delete|clear|evict\w*|pop\w*|shift|remove\w*|splice|expire|prune|truncate|drain|retain|Remove|Clear|Delete)\b|\bdelete\s*[( ]|\bdel\s|max_?size|maxSize|\blru\b|\bttl\b|LRU|TTL|\bcapacity\b|\.size\s*[>=]|\blen\([^)]*\)\s*[>=]|\.length\s*[>=]|\.Count\s*[>=]|WeakMap|WeakHashMap/;

const LOOP = /^\s*(?:\}\s*)?(?:for|while|foreach|loop)\b|\.(?:forEach|each\w*|map|flatMap|times|ForEach)\b\s*[({]|\bdo\s*\|/;
const HEAD = /^\s*(?:export\s+)?(?:default\s+)?(?:public|private|protected|static|async|\s)*(?:function|def|func|fn|fun)\b/;
const SEARCHED = /\.(?:includes|indexOf|findIndex|find|filter|contains|Contains|index|count|some|any|IndexOf|First(?:OrDefault)?)\s*\(\s*(?!["'\s])|\bin_array\(|\barray_search\(|(?:\bif|\band|\bor|\bnot)\s+[\w.[\]]+\s+(?:not\s+)?in\s+\w+(?:\s|:|$)|strlen\(/;
const ASKED = /\bawait\s+(?:\w+\.)*\w*(?:db|repo|client|find|get|fetch|query|save|load|select|insert|request|api)\w*[.(]|\.(?:query|execute|exec|findOne|findById|find_by|findUnique|FindAsync|QueryRow|Query|objects\.get|objects\.filter|ExecuteScalar\w*)\s*\(|\b(?:fetch|axios\.\w+|requests\.\w+|http\.Get|urlopen)\s*\(|\bSELECT\s.+\bFROM\b|\w+::find\(|->find\(|[A-Z]\w+\.find(?:_by)?\(|\.(?:fetchone|fetchall|getReferenceById|findByIdOrNull)\(/;
const OPENED = /(?<![\w.:]|(?:def|func|fn|function)\s)open\(|\bnew File(?:Input|Output)Stream\(|\bnew (?:File|Buffered)(?:Reader|Writer)\(|\bos\.(?:Open|Create|OpenFile)\(|\bfopen\(|\bFiles\.(?:lines|newInputStream)\(|\bnew Socket\(|DriverManager\.getConnection\(|\.Query\(\s*["`c]|\bnew (?:StreamReader|SqlConnection|FileStream)\(|sqlite3\.connect\(|\bsocket\.socket\(|http\.(?:Get|Post)\(|File\.open\(/;
const CLOSED = /\b(?:defer|with|using|use)\b|\btry\s*\(|\.?[cC]lose\w*\(|\bdispose|Dispose|fclose|\bensure\b|\bdo\s*\|/;
const LISTENED = /\baddEventListener\(|\bsetInterval\(|\.subscribe\(|\baddListener\(|\bNewTicker\(|\.addObserver\(/;
const UNLISTENED = /removeEventListener|clearInterval|unsubscribe|removeListener|\.Stop\(\)|removeObserver|takeUntil|signal:|once:|\.off\(|abort/;

const indentOf = (line: string): number => line.length - line.trimStart().length;
const escaped = (name: string): string => name.replace(/[$@]/g, "\\$&");
const growsBy = (name: string): RegExp => new RegExp(`(?<![\\w$])${escaped(name)}\\s*(?:\\[[^\\]]{1,120}\\]\\s*(?:=(?!=)|\\+=|\\|\\|=|\\?\\?=)|\\.(?:set|add|push|append|put|insert|push_back|emplace\\w*|Add|TryAdd|computeIfAbsent|getOrPut|GetOrAdd|setdefault|store|Store|LoadOrStore|offer|extend|entry)\\s*\\(|\\s*<<\\s|\\s*=\\s*append\\()`);

interface Reading {
  readonly file: Seen;
  readonly lines: readonly string[];
  readonly added: readonly { readonly line: number; readonly text: string }[];
  readonly say: (area: Area, level: Level, because: string, at: { readonly line: number; readonly text: string }) => void;
}

function growing({ lines, added, say }: Reading): void {
  const all = lines.join("\n");
  const held = lines.flatMap((line, at) => { const said = HELD.exec(line)?.groups; return said !== undefined && (said["indent"] === "" || /static|private|protected|readonly/.test(said["words"]!) || said["name"]!.startsWith("@@")) ? [{ name: said["name"]!, line: at + 1 }] : []; }).slice(0, HELD_MAX);
  for (const { name } of held) {
    const grows = growsBy(name);
    const hit = added.find(({ text }) => grows.test(text));
    const own = lines.filter((line) => line.includes(name)).join("\n");
    if (hit === undefined || SHRINKS.test(own)) continue;
    const alone = /\b(?:map\[|make\(map)/.test(own) && !/\b(?:Mutex|RWMutex|Lock\(\))/.test(all) ? "; without a lock concurrent writes race" : "";
    say("limits", "high", `it grows without a bound, as nothing is ever evicted or removed: memory leaks as long as it runs${alone}`, hit);
  }
}

/** The loop around a line, if the function that holds it has one. */
function loopAbove(lines: readonly string[], line: number): number | null {
  let depth = indentOf(lines[line - 1] ?? "");
  for (let at = line - 2; at >= Math.max(0, line - 2 - LINES_ABOVE_MAX); at -= 1) {
    const above = lines[at]!;
    if (above.trim() === "" || indentOf(above) >= depth) continue;
    depth = indentOf(above);
    if (LOOP.test(above)) return at;
    if (HEAD.test(above)) return null;
  }
  return null;
}

function looping({ lines, added, say }: Reading): void {
  const ours = new Set(added.map(({ line }) => line));
  const once = (of: RegExp, and: (at: { line: number; text: string }, loop: number | null) => boolean): { line: number; text: string } | undefined => added.find((at) => of.test(at.text) && and(at, loopAbove(lines, at.line)));
  const within_one = (text: string): boolean => /\.(?:map|filter|forEach|flatMap|every|some|each|select)\s*[({].{0,120}\.(?:includes|indexOf|find|filter|some|contains|include\?)\s*\(|\bfor\s+\w+\s+in\s+.{1,80}\bif\s+\w+\s+(?:not\s+)?in\s+\w+\s*[\])]/.test(text);
  const asked = once(ASKED, (_, loop) => loop !== null);
  if (asked !== undefined) say("limits", "medium", "one query or request for each item of a loop (N+1), one after another: slow where there are many", asked);
  const searched = asked === undefined ? once(SEARCHED, ({ text }, loop) => loop !== null || within_one(text)) : undefined;
  if (searched !== undefined) say("limits", "medium", "a list is searched for each item of another: quadratic, slow where there are many (a set or a map would do)", searched);
  const nested = searched === undefined ? once(LOOP, (_, loop) => loop !== null && ours.has(loop + 1) && /^\s*for(?:each)?\b/.test(lines[loop]!)) : undefined;
  if (nested !== undefined && /^\s*for(?:each)?\b/.test(nested.text)) say("limits", "medium", "a loop in a loop: quadratic, slow where there are many", nested);
}

function leaking({ lines, added, say }: Reading): void {
  const CLOSES_WITHIN = 25;
  const opened = added.find(({ line, text }) => OPENED.test(text) && !CLOSED.test(text) && !CLOSED.test(lines.slice(Math.max(0, line - 3), line + CLOSES_WITHIN).join("\n")));
  if (opened !== undefined) say("error handling", "medium", "it is opened and closed nowhere there: files or connections leak", opened);
  const listened = added.find(({ text }) => LISTENED.test(text));
  if (listened !== undefined && !UNLISTENED.test(lines.join("\n"))) say("error handling", "medium", "it listens or ticks and never stops: each time one more is left behind (a leak)", listened);
}

function recursing({ file, lines, added, say }: Reading, within: Within): void {
  for (const at of added) {
    const name = within("added", at.line, at.text)?.replace(/^.*[.:#]/, "");
    if (name === undefined || !/^\w{2,}$/.test(name)) continue;
    const call = new RegExp(`(?<![\\w$.:>]|(?:def|func|function|fn|fun)\\s)(?:this\\.|self\\.|\\w\\.)?${name}\\(`);
    if (!call.test(at.text) || HEAD.test(at.text) || (/\{\s*$/.test(at.text) && !/\b(?:return|if|for|while|await)\b|=/.test(at.text)) || /\.\s*$/.test(lines[at.line - 2] ?? "") || file.removed.some(({ text }) => call.test(text)) || new RegExp(`^\\s*(?:[\\w<>*&]+\\s+)+${name}\\(`).test(at.text) && !/\breturn\b|\bawait\b|\byield\b/.test(at.text)) continue;
    say("limits", "medium", "it calls itself (recursion): deep input overflows the stack, and it never ends where no step comes nearer to the end", at);
    return;
  }
}

const FROM_OUTSIDE = /(?<name>\$?[A-Za-z_]\w*)\s*(?::[^=]{1,60})?:?=\s*(?:await\s+)?[^=;]{0,80}?(?:\breq(?:uest)?\b[.[]|\bparams[.[]|\$_(?:GET|POST|REQUEST|COOKIE|FILES)|\br\.(?:URL|Form|PostForm|FormValue)|\bc\.(?:Query|Param|FormValue)\(|getParameter\(|\bsys\.argv|process\.argv|os\.Args|\binput\(|\bgets\b|searchParams\.get|ctx\.(?:query|params|request)|Request\.(?:Query|Form)|readline\()/g;
const SINKS: readonly (readonly [RegExp, Area, string])[] = [
  [/\b(?:readfile|file_get_contents|fopen|include(?:_once)?|require(?:_once)?|unlink|open|readFile\w*|ReadFile|sendFile|send_file|createReadStream|Open|File\.(?:read|open|new)|Paths\.get|Path\.Combine|join|Join|resolve)\s*\(?/, "commands and files", "a path is put together from what a request brings: path traversal, with ../ any file outside of its folder is reached"],
  [/\b(?:exec\w*|system|popen|shell_exec|passthru|spawn\w*|subprocess\.\w+|Command)\s*\(/, "commands and files", "a command is put together from what a request brings: command injection"],
  [/(?:query|execute|raw|prepare|Query|Exec|where)\w*\(.*(?:["'\`]\s*[.+%]|\$\{|#\{|\{\w|\$\w)/, "database", "SQL is built from what a request brings: an injection"],
  [/\b(?:echo|print|innerHTML|document\.write|res\.(?:send|write|end)|w\.Write|Fprintf|render_template_string|HttpResponse|Response\.Write)\b/, "commands and files", "what a request brings is written into the page without escaping: cross-site scripting (XSS)"],
  [/\b(?:redirect\w*|sendRedirect|Redirect|Location)\b/, "network", "it sends its reader where a request says: open redirect"],
  [/\b(?:fetch|axios(?:\.\w+)?|requests\.\w+|http\.Get|urlopen|curl_init|HttpClient|reqwest::get)\s*\(/, "network", "it calls an address that a request names: an inside one too (SSRF)"],
  [/\b(?:eval|new Function|unserialize|pickle\.loads|yaml\.load|Marshal\.load)\b/, "commands and files", "what a request brings is run as code or made into objects"],
];
const MADE_SAFE = /escape|encode|sanitiz|basename|secure_filename|realpath|htmlspecialchars|parseInt|Number\(|int\(|\(int\)|Atoi|quote|valid|allow|\?["'\`]\s*,/i;
const TAINTED_MAX = 30;

/** A value of a request that goes, by a name, to where it can do harm. */
function flowing({ lines, added, say }: Reading): void {
  const names = [...lines.join("\n").matchAll(FROM_OUTSIDE)].slice(0, TAINTED_MAX).map(({ groups }) => groups!["name"]!);
  for (const name of new Set(names)) {
    const used = new RegExp(`(?<![\\w$])${escaped(name)}(?![\\w(])`);
    for (const [sink, area, because] of SINKS) {
      const hit = added.find(({ text }) => sink.test(text) && used.test(text.replace(/^\s*(?:const|let|var)?\s*\$?\w+\s*:?=(?!=)/, "")) && !MADE_SAFE.test(text));
      if (hit !== undefined) say(area, "high", because, hit);
    }
  }
}

const CATCHES = /\b(?:except|rescue|catch)\b/;
function swallowing({ lines, added, say }: Reading): void {
  const hit = added.find(({ line, text }) => /^\s*(?:pass|\.\.\.|continue|nil|null;?|\}|end)\s*$/.test(text) && CATCHES.test(lines[line - 2] ?? "") && !/\bcatch\b.*\}/.test(lines[line - 2] ?? ""));
  if (hit !== undefined) say("error handling", "high", "an error is swallowed: it goes on as if nothing had failed, and nobody notices", hit);
}

const AGAIN = /\b(?:retr(?:y|ies|ying)|attempts?|tries|backoff)\b/i;
const CHANGES = /\b(?:post|put|patch|charge|pay|create|insert|send|transfer|submit|publish|order)\w*\s*\(|method:\s*["']POST/i;
function repeating({ lines, added, say }: Reading): void {
  const again = added.find(({ text }) => AGAIN.test(text));
  const hit = again === undefined ? undefined : added.find(({ line, text }) => CHANGES.test(text) && !AGAIN.test(text) && loopAbove(lines, line) !== null);
  if (hit !== undefined) say("behaviour", "high", "a call that changes something is made again: it may be done twice (a duplicate) where the first came through and its answer was lost", hit);
}

/** What others' programs send or read by it. */
function contracted({ file, lines, added, say }: Reading): void {
  if (!isContract(file.path) || file.change.status !== "modified") return;
  const now = new Set(lines.flatMap((line) => line.match(/[A-Za-z_]\w*/g) ?? []));
  const gone = file.removed.find(({ text }) => (withoutComment(text.slice(0, LINE_READ_MAX)).match(/[A-Za-z_]\w{2,}/g) ?? []).some((word) => !now.has(word)));
  if (gone !== undefined) say("public API", "high", "a name of the contract is gone: existing clients that send or read it break (not backward compatible)", { line: 0, text: gone.text });
  const asked = added.find(({ text }) => /\brequired\b\s*[:=]\s*(?:\[|true)|^\s*required\s+\w|\(\s*\w+\s*:\s*\w+!|^\s*\w+\s*:\s*[\w[\]]+!\s*$|nullable\s*:\s*false/.test(text));
  if (asked !== undefined) say("public API", "high", "what clients must send, or may no longer leave out, is more than before: existing callers are refused (breaking)", asked);
}

export function shapesOf(file: Seen, within: Within): Risk[] {
  if (file.change.binary || file.added.length > ADDED_READ_MAX) return [];
  const found: Risk[] = [];
  const lines = file.new?.split("\n", LINES_READ_MAX).map((line) => line.slice(0, LINE_READ_MAX)) ?? [];
  const added = file.added.map(({ line, text }) => ({ line, text: withoutComment(text.slice(0, LINE_READ_MAX)) })).filter(({ text }) => text !== "");
  const say: Reading["say"] = (area, level, because, at) => {
    const name = at.line === 0 ? null : within("added", at.line, at.text);
    found.push({ area, level, because, path: file.path, line: at.line === 0 ? null : at.line, name: null, cue: at.text.trim().slice(0, CUE_CHARACTERS_MAX), ...(name === null ? {} : { within: name }) });
  };
  const reading: Reading = { file, lines, added, say };
  if (file.kind.language !== null) {
    growing(reading);
    looping(reading);
    leaking(reading);
    recursing(reading, within);
    flowing(reading);
    repeating(reading);
    swallowing(reading);
  }
  contracted(reading);
  return found;
}
