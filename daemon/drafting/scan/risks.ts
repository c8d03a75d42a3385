/** Places of a change that deserve a second look, and why. A word list cannot judge: it says where to look, never that something is safe. */
import type { NumberedLine, Seen } from "../material.ts";
import { isAddressed, isHiding } from "./addressed.ts";
import { DANGERS } from "./dangers.ts";
import { heldIn } from "./held-by-tests.ts";
import type { Inside } from "./inside.ts";
import { lostIn } from "./lost.ts";
import { declared, fullName, movedNames, type NameChange, type Renamed } from "./names.ts";
import { shapesOf } from "./shapes.ts";
import { turnOf } from "./turned.ts";
import { type Within, withinOf } from "./within.ts";

const AREAS = ["public API", "authentication", "cryptography", "commands and files", "network", "database", "migration", "configuration", "dependencies", "build and CI", "deletion", "generated", "binary", "checks switched off", "error handling", "concurrency", "secrets", "addressed to a reader", "hidden characters", "money", "limits", "stored data", "behaviour", "tests", "memory"] as const;
export type Area = (typeof AREAS)[number];
export type Level = "low" | "medium" | "high";

export interface Risk {
  readonly area: Area;
  readonly level: Level;
  readonly path: string;
  readonly line: number | null;
  /** In words of the house; names of the change stand in `name`. */
  readonly because: string;
  readonly name: string | null;
  /** What of the line the rule saw; text of the change. */
  readonly cue?: string;
  /** The function, method or type that the line stands in. */
  readonly within?: string;
}

export interface LineRule {
  readonly area: Area;
  readonly level: Level;
  readonly because: string;
  readonly line: RegExp;
  /** Only on lines of that side; both where absent. */
  readonly side?: "added" | "removed";
}

/** Code lines; prose is looked at for `addressed to a reader` and hidden characters alone. */
const CODE: readonly LineRule[] = [
  { area: "checks switched off", level: "medium", side: "added", because: "a linter, a type check or a scanner is told to look away", line: /eslint-disable|@ts-(?:ignore|nocheck|expect-error)|#\s*noqa|#\s*type:\s*ignore|#\s*nosec|\/\/\s*nolint|#\[allow\(|@SuppressWarnings|pylint:\s*disable|--no-verify\b|istanbul ignore/ },
  { area: "database", level: "high", side: "added", because: "SQL is built from values by interpolation or concatenation, not with parameters: an injection where one of them comes from outside", line: /(?:f["']|f"""|(?<!\w)`)\s*(?:select|insert|update|delete|with)\b.{0,200}?(?:\$?\{)|["'`]\s*(?:select|insert|update|delete)\b[^"'`]{0,200}["'`]\s*(?:\+|%\s*[\w(]|\.format\(|\.\.)|Sprintf\(\s*["`]\s*(?:select|insert|update|delete)\b|\b(?:where|values|and|set)\b[^"'`]*(?:=|in)\s*'?(?:\$\{|\{\w|"\s*\+)/i },
  { area: "commands and files", level: "high", side: "added", because: "HTML is put together from values without escaping: cross-site scripting (XSS), as any script in the value runs in the reader's page", line: /[`"'][^`"']*<\/?[a-z][^`]*(?:\$\{|["']\s*\+\s*\w|%s|\{\w+\})|\bv-html=|\|\s*safe\b|mark_safe\(|template\.HTML\(|res\.(?:send|end|write)\(\s*[`"']\s*</i },
  { area: "commands and files", level: "high", side: "added", because: "a path is put together from what may come from outside: path traversal, with ../ any file outside of its folder is reached", line: /(?:join|resolve|open|readFile(?:Sync)?|sendFile|createReadStream)\([^)]*\b(?:req|request|params|query|body|args|argv|input|filename|user_\w+)\b/i },
  { area: "commands and files", level: "high", side: "added", because: "code or objects come out of what others send (unsafe deserialization): whoever writes it may run arbitrary code here", line: /\b(?:c?pickle|dill|marshal|shelve|jsonpickle|joblib)\.(?:loads?|open|decode)\(|yaml\.(?:unsafe_load|full_load|load)\((?!.*(?:SafeLoader|safe))|\bObjectInputStream\(|\bunserialize\(|Marshal\.load|BinaryFormatter|torch\.load\((?!.*weights_only=True)/ },
  { area: "configuration", level: "high", side: "removed", because: "it no longer runs as a user of its own: without another such line it runs as root, with all its privileges", line: /^\s*USER\s+(?!root\b|0\b)\S+|runAsNonRoot["']?\s*:\s*true|readOnlyRootFilesystem["']?\s*:\s*true|^\s*(?:User|DynamicUser|NoNewPrivileges|ProtectSystem|PrivateTmp)=\S+/ },
  { area: "network", level: "high", side: "added", because: "what it sends is readable on its way: no longer encrypted where it was https", line: /["'`]http:\/\/(?!localhost|127\.|\[::1|0\.0\.0\.0|example\.|www\.w3\.org|schemas?\.)[\w.-]+\.[a-z]{2,}/ },
  { area: "network", level: "high", side: "added", because: "it goes where a request says: open redirect, or a call to an inside address (SSRF)", line: /\b(?:fetch|axios(?:\.\w+)?|requests\.\w+|urlopen|http\.Get|redirect)\(\s*(?:req|request|ctx|params|query|args)\b[\w.[\]"'()]*/ },
  { area: "authentication", level: "high", side: "added", because: "a signature or a token is no longer checked: anybody may make one", line: /verify_signature["']?\s*[:=]\s*(?:false|False)|algorithms?["']?\s*[:=]\s*\[?\s*["']none["']|\bjwt\.decode\([^)]*verify\s*=\s*False|StrictHostKeyChecking[= ]no|ignoreExpiration\s*:\s*true/i },
  { area: "authentication", level: "high", side: "added", because: "a cookie that scripts or others on the way may read", line: /\b(?:http_?only|secure)["']?\s*[:=]\s*(?:false|False)|same_?site["']?\s*[:=]\s*["']none/i },
  { area: "secrets", level: "high", side: "added", because: "a secret may stand in the log, in clear text for whoever reads it", line: /(?:console\.\w+|log(?:ger|ging)?\.\w+|print(?:ln|f)?)\([^)]*\b(?:password|passwd|secret|token|api_?key|authorization)\b(?![^)]*["'`]\s*\)$)/i },
  { area: "limits", level: "medium", side: "added", because: "it goes on until something inside ends it: see that something always does", line: /\bwhile\s*\(?\s*(?:true|True|1)\s*\)?\s*[:{]|\bfor\s*(?:\(\s*;\s*;\s*\))?\s*\{\s*$/ },
  { area: "behaviour", level: "medium", side: "added", because: "one value is shared by all calls: what one leaves there the next one finds", line: /^\s*(?:async\s+)?def\s+\w+\([^)]*=\s*(?:\[\]|\{\}|dict\(\)|list\(\)|set\(\))/ },
  { area: "database", level: "high", side: "added", because: "it changes or deletes every row, as no condition stands there: data is lost", line: /^\s*["'`]?(?:delete\s+from\s+[\w."]+|update\s+[\w."]+\s+set\s+(?:(?!\bwhere\b).)+)\s*;?\s*["'`]?\s*;?\)?;?$/i },
  { area: "migration", level: "high", side: "added", because: "rows that are there have no value for it, or the table is locked while it is built", line: /\badd\s+(?:column\s+)?[\w"`]+\s+[\w()]+(?:(?!\bdefault\b).)*\bnot\s+null\b(?!.*\bdefault\b)|\bcreate\s+(?:unique\s+)?index\s+(?!concurrently)/i },
  { area: "commands and files", level: "high", side: "added", because: "a shell or an interpreter is given text that is put together at run time: command or code injection where a part of it comes from outside", line: /shell\s*=\s*True|os\.(?:system|popen)\s*\(|child_process|\bexecSync?\s*\(|\beval\s*\(|new Function\s*\(|\bRuntime\.getRuntime\(\)\.exec|pickle\.loads?\(|yaml\.load\((?!.*SafeLoader)|dangerouslySetInnerHTML|\.innerHTML\s*=|__import__\(|vm\.runIn/ },
  { area: "commands and files", level: "medium", because: "processes are started", line: /\bsubprocess\.|\bspawn(?:Sync)?\s*\(|exec\.Command\(|Command::new\(|ProcessBuilder/ },
  { area: "commands and files", level: "medium", because: "files are removed or rights changed", line: /\brm\s+-\w*r|rmSync\s*\(|\bunlink(?:Sync)?\s*\(|rmtree\s*\(|RemoveAll\(|remove_dir_all|\bchmod\b|\bchown\b|os\.remove\(/ },
  { area: "commands and files", level: "low", because: "files are written", line: /writeFile|\bopen\([^)]*["'][wa]b?["']|os\.(?:Create|WriteFile)\(|fs::write|Bun\.write\(|createWriteStream/ },
  { area: "network", level: "medium", because: "it speaks to the network", line: /\bfetch\s*\(|\baxios\b|\brequests\.(?:get|post|put|delete|request)\(|https?\.(?:get|request|Get|Post)\(|urllib|net\.(?:Dial|connect|Listen)|\bWebSocket\(|reqwest::|0\.0\.0\.0/ },
  { area: "authentication", level: "high", because: "who may do what is decided here", line: /(?:is_?admin|is_?super_?user|has_?(?:permission|role|access)|(?:require|check|verify|ensure)_?(?:auth|access|permission|login|role|token|admin|owner)\w*|can_?access|login_required)\b|\b(?:authori[sz]e[ds]?|authori[sz]ation|authenticat\w+|log_?in|sign_?in|permissions?|privileges?|csrf\w*|jwt|oauth\w*|passw(?:or)?ds?|passwd|bearer|acl|rbac|set-?cookie)\b/i },
  { area: "authentication", level: "medium", because: "sessions, roles or origins are dealt with here", line: /\b(?:sessions?(?:_?id)?|cookies?|cors|allow_?origins?|role\s*(?:===?|!==?|in\b)|current_?user)\b/i },
  { area: "cryptography", level: "high", because: "keys, digests or random numbers are made or compared here", line: /\b(?:createHash|createHmac|create(?:De)?[Cc]ipher\w*|timingSafeEqual|compare_digest|hashlib|hmac|bcrypt|scrypt|argon2|pbkdf2|ed25519|ecdsa|rsa|aes|private_?key|secret_?key|randomBytes|getRandomValues|randomUUID|CryptoHasher|encrypt\w*|decrypt\w*|cipher\w*)\b|\bMath\.random\b|\brandom\.(?:random|randint|choice|randrange)\b|\bsecrets\.\w|\bcrypto\.\w|["'`.](?:md5|sha1|sha256|sha512|des|rc4)\b["'`(]/i },
  { area: "migration", level: "high", side: "added", because: "stored data is dropped or reshaped: what was there is lost, and running the old code again does not bring it back", line: /(?:\balter\s+table\s+\S+\s+)?\b(?:drop\s+(?:table|column|index|database|schema|view|constraint)|truncate\s+table|alter\s+table|rename\s+column|delete\s+from\s+\w+\s*;)(?:\s+(?:if\s+exists\s+)?[\w."`]+)?|\b(?:drop_column|remove_column|drop_table|removeColumn|dropTable|dropColumn|RemoveField|DeleteModel)\b[^;]{0,80}/i },
  { area: "database", level: "medium", because: "a query is changed", line: /\b(?:select\s+.+\s+from|insert\s+into|update\s+\w+\s+set|delete\s+from)\b|\.(?:query|execute|raw)\s*\(/i },
  { area: "error handling", level: "medium", side: "removed", because: "a check or an error path is gone", line: /^\s*(?:if\s*\(?.*\)?\s*(?:\{|:)?\s*)?(?:throw\b|raise\b|return\s+(?:err\b|Err\()|panic!?\(|assert\b)/ },
  { area: "concurrency", level: "medium", because: "locks, threads or waiting are changed: two at once may race", line: /\b(?:mutex|rwlock|semaphore|atomic|synchronized|lock\(\)|unlock\(\)|goroutine|setTimeout|setInterval|Promise\.(?:all|race)|threading\.|asyncio\.|tokio::|sync\.)\b|\bgo func\b/i },
  { area: "configuration", level: "low", because: "it reads the environment", line: /process\.env\b|os\.environ|os\.Getenv|getenv\(|env::var/ },
  { area: "money", level: "medium", because: "amounts of money are computed", line: /\b(?:price|amount|invoice|refund|balance|currency|payment|charge|tax|discount)s?\b.*[=*+/-]/i },
  { area: "secrets", level: "high", side: "added", because: "it looks like a credential in the source", line: /(?:api[_-]?key|secret|token|passw(?:or)?d)["']?\s*[:=]\s*["'][^"'\s]{8,}["']|-----BEGIN [A-Z ]*PRIVATE KEY-----/i },
  { area: "build and CI", level: "high", side: "added", because: "the build runs with the rights of the machine", line: /--privileged\b/ },
];

const LINE_READ_MAX = 1_000;
const PER_FILE_AREA_MAX = 3;
const CUE_CHARACTERS_MAX = 80;
/** A word of one script with letters of another that look like its own. */
const MIXED_SCRIPTS = /(?=[\p{L}\d_$]*\p{Script=Latin})(?=[\p{L}\d_$]*[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}])[\p{L}\d_$]{2,}|(?<![\p{L}])[\p{Script=Cyrillic}]+(?![\p{L}])(?=\s*\()/u;


const COMMENT = /^\s*(?:\/\/|#(?!!|\[|define|include)|\*|\/\*|--\s|<!--)/;
/** A comment runs nothing; what it tells tools does. */
const SAID_IN_COMMENTS: readonly Area[] = ["checks switched off", "tests"];

/** A template that gives its values as parameters. */
const TAGGED = /(?:^|[\s(=.])(?:sql|Prisma\.sql|pgsql)`/i;
const RULES = [...DANGERS, ...CODE];

function ofLines(file: Seen, within: Within): Risk[] {
  const code = file.kind.language !== null || file.kind.ci || /(?:^|\/)(?:Dockerfile|Makefile)|\.(?:ya?ml|toml|json|sql|tf|sh)$/i.test(file.path);
  const found: Risk[] = [];
  const count = new Map<string, number>();
  const add = (area: Area, level: Level, because: string, at: NumberedLine, side: "added" | "removed", cue?: string): void => {
    const key = `${area} ${because}`;
    const had = count.get(key) ?? 0;
    const line = side === "added" ? at.line : null;
    if (line !== null && found.some((one) => one.line === line && one.area === area && one.because === because)) return;
    count.set(key, had + 1);
    if (had >= PER_FILE_AREA_MAX) return;
    const name = within(side, at.line, at.text);
    found.push({ area, level, because, path: file.path, line, name: null, ...(cue === undefined || cue === "" ? {} : { cue }), ...(name === null ? {} : { within: name }) });
  };
  const look = (at: NumberedLine, side: "added" | "removed"): void => {
    const cut = at.text.slice(0, LINE_READ_MAX);
    if (side === "added" && isAddressed(cut)) add("addressed to a reader", "high", "text there speaks to a reviewer or a model; it was not followed", at, side);
    if (side === "added" && isHiding(cut)) add("hidden characters", "high", "it holds characters that nobody sees", at, side);
    if (side === "added" && code && MIXED_SCRIPTS.test(cut)) add("hidden characters", "high", "a name mixes letters of two scripts that look alike (homoglyphs): it is another name than it seems", at, side);
    if (!code || file.kind.lock) return;
    const comment = COMMENT.test(cut);
    for (const rule of RULES) {
      if (rule.side !== undefined && rule.side !== side) continue;
      if (comment && !SAID_IN_COMMENTS.includes(rule.area)) continue;
      if (file.kind.test && rule.area !== "tests" && rule.area !== "secrets") continue;
      const hit = rule.area === "database" && TAGGED.test(cut) ? null : rule.line.exec(cut);
      if (hit !== null) add(rule.area, rule.level, rule.because, at, side, isAddressed(cut) || isHiding(cut) ? undefined : hit[0].trim().slice(0, CUE_CHARACTERS_MAX));
    }
  };
  for (const line of file.added) look(line, "added");
  for (const line of file.removed) look(line, "removed");
  return found;
}

const MIGRATION = /(?:^|\/)(?:migrations?|migrate|db\/versions|alembic|schema)\//i;
const CONFIGURATION = /(?:^|\/)(?:\.env|docker-compose[^/]*|Dockerfile|Makefile|[^/]*config[^/]*\.(?:ya?ml|json|toml|[jt]s)|settings\.py|[^/]*\.tf|values\.ya?ml|nginx[^/]*\.conf|maestro\.yaml)$|(?:^|\/)(?:config|k8s|helm|deploy|terraform|infra)\//i;
const AUTH_PATH = /(?:^|[/_.-])(?:auth\w*|login|session|permission|rbac|acl|oauth|jwt|security)(?:[/_.-]|$)/i;
const CRYPTO_PATH = /(?:^|[/_.-])(?:crypto\w*|cipher|signing|signature|keys?|tls|cert\w*)(?:[/_.-]|$)/i;
const REMOVED_LINES_MANY = 100;

function ofFile(file: Seen): Risk[] {
  const { path, kind, change } = file;
  const at = (area: Area, level: Level, because: string): Risk => ({ area, level, because, path, line: null, name: null });
  const found: Risk[] = [];
  if (isHiding(path)) found.push(at("hidden characters", "high", "its name holds characters that nobody sees"));
  if (isAddressed(path)) found.push(at("addressed to a reader", "high", "its name speaks to a reviewer or a model; it was not followed"));
  if (change.binary) found.push(at("binary", "medium", "its content cannot be read as text"));
  if (kind.generated) found.push(at("generated", "low", "it looks generated: what it was made from is what to review"));
  if (kind.ci) found.push(at("build and CI", "medium", "it decides what the build runs, and with which rights"));
  if (change.status === "deleted" && kind.test) found.push(at("tests", "high", "a test file is deleted"));
  else if (change.status === "deleted" && kind.source) found.push(at("deletion", "medium", "a source file is deleted"));
  else if (kind.source && file.removed.length >= REMOVED_LINES_MANY && file.removed.length > 2 * file.added.length) found.push(at("deletion", "medium", `${file.removed.length} lines go`));
  if (MIGRATION.test(path) && !kind.docs) found.push(at("migration", "high", "a migration changes stored data, and running it back is another piece of work"));
  if (CONFIGURATION.test(path) && !kind.ci && !kind.docs && !kind.test && (!kind.source || /config\.[cm]?[jt]s$|settings\.py$/.test(path))) found.push(at("configuration", "medium", "it changes how things run, not only what they are"));
  if (kind.source && AUTH_PATH.test(path)) found.push(at("authentication", "high", "its name says that it decides who may do what"));
  if (kind.source && CRYPTO_PATH.test(path)) found.push(at("cryptography", "high", "its name says that it deals with keys or digests"));
  return found;
}

/** Whoever called it as it was still may: what is new at the end may be left out. */
function onlyExtends({ before, now }: NameChange): boolean {
  const inside = (signature: string | undefined): string => /\((.*)\)/.exec(signature ?? "")?.[1]?.trim() ?? "";
  const [was, is] = [inside(before?.signature), inside(now?.signature)];
  if (was === is || !is.startsWith(was)) return false;
  return is.slice(was.length).split(",").map((part) => part.trim()).filter((part) => part !== "").every((part) => /^\*{0,2}[\w$]+\s*(?:\?|(?::[^=]*)?=)|^\*/.test(part));
}

const GUARD_NAME = /(?:^|[._:>])_?(?:require|check|verify|ensure|validate|assert|authori[sz]e|authenticate|guard|sanit|escape|permit|enforce|reject|deny|is_?valid|is_?allowed|is_?admin|has_?(?:permission|role|access)|can[A-Z_]|csrf|rate_?limit|throttle|abort)\w*/i;
const LOCK_NAME = /(?:^|[.:>])_?(?:lock|unlock|rlock|runlock|acquire|release|synchroni[sz]ed|wait|await\w*|atomic\w*|transaction|begin|commit|rollback|mutex\w*)$|\b(?:t|th|thread|worker|handle|task|proc\w*|child|wg|group|pool)s?(?:\[\w*\])?\.join$/i;
const CLEANUP_NAME = /(?:^|[._:>])_?(?:close|dispose|destroy|free|unlink|cleanup|clear|flush|fsync|sync|release|remove|delete|shutdown|removeEventListener|clearTimeout|cancel)\w*$/i;
const LIMIT_NAME = /(?:max|min|limit|bytes|size|timeout|deadline|retr(?:y|ies)|attempts|count|depth|window|ttl|quota|capacity|_ms$|_s$|_seconds$|threshold|interval|concurrency|workers|pool|budget|expires|age|rate)/i;
const SWITCH_NAME = /(?:verify|check|secure|auth|tls|ssl|strict|enable|disable|allow|debug|safe|sandbox|readonly|public|private|http_?only|same_?site)/i;
const STORED = /(?:^|[/_.-])(?:stores?|storage|tables?|index(?:es)?|rows?|ledger|journal|wal|db|database|schemas?|models?|migrations?|cache|snapshots?|records?|persist\w*|entit(?:y|ies)|repositor(?:y|ies))(?:[/_.-]|$)/i;
const STORED_LINE = /\b(?:\w*(?:key|row|column|field|schema|record|prefix|version|encod|decod|serial|pack|codec)\w*)\b/i;

/** Two lines that differ in nothing but words of that kind. */
function sameBut(from: string, to: string, kind: RegExp): boolean {
  const bare = (text: string): string => text.replace(kind, " ").replace(/\s+/g, "");
  return from !== to && bare(from) === bare(to);
}

/** What changed inside, as something to look at. */
function ofInside({ path, values, uncalled, tests_gone, gone, lines, pairs }: Inside, { kind }: Seen, names: readonly NameChange[], within: Within): Risk[] {
  const at = (area: Area, level: Level, because: string, cue?: string, line: number | null = null): Risk => {
    const holder = line === null ? null : within("added", line, cue ?? "");
    return { area, level, because, path, line, name: null, ...(cue === undefined ? {} : { cue: cue.slice(0, CUE_CHARACTERS_MAX) }), ...(holder === null ? {} : { within: holder }) };
  };
  const found: Risk[] = tests_gone.length > 0 ? [at("tests", "high", `${tests_gone.length === 1 ? "a test is" : `${tests_gone.length} tests are`} removed: what it held is checked no more`, tests_gone[0])] : [];
  if (kind.test) return found;
  for (const name of uncalled) {
    if (GUARD_NAME.test(name)) found.push(at("authentication", "high", "a check is removed: what it stopped is no longer stopped there", name));
    else if (LOCK_NAME.test(name)) found.push(at("concurrency", "high", "a lock or a wait is removed: two at once may race", name));
    else if (CLEANUP_NAME.test(name)) found.push(at("error handling", "medium", "what was closed or cleaned up there no longer is, or elsewhere", name));
  }
  const turned = new Set<number>();
  for (const pair of pairs) {
    const turn = turnOf(pair, path);
    if (turn === null) continue;
    turned.add(pair.line);
    found.push(at(turn.area, turn.level, turn.because, pair.to ?? undefined, pair.line));
  }
  for (const { from, to, line } of lines) {
    if (from === null || to === null) continue;
    if (/(?<!return )\bawait\s/.test(from) && from.replace(/\bawait\s+/, "") === to && !/^\s*(?:return|void)\b|\.(?:then|catch)\(/.test(to)) found.push(at("concurrency", "high", "a wait is removed: it goes on before that is done, and nobody notices when it fails", to, line));
    if (!turned.has(line) && sameBut(from, to, /===?|!==?|<=|>=|(?<![=\-<>])[<>](?![<>])|&&|\|\||\b(?:and|or|not)\b|!(?==|\w)/g)) found.push(at("behaviour", "medium", "a condition decides otherwise: who passes it and who does not is another question now", to, line));
    if (/^\s*(?:export\s+)?(?:default\s+)?async\s+(?:function|def)\b/.test(to) && to.replace(/\basync\s+/, "") === from) found.push(at("public API", "medium", "it gives a promise now: callers that do not wait get that instead of the value", to, line));
  }
  for (const { name, from, to, line, ratio } of values) {
    if (ratio !== null && LIMIT_NAME.test(name)) found.push(at("limits", "medium", ratio > 1 ? "a limit is raised: one caller may take more memory or time, or wait longer" : "a limit is lowered: what fitted before may be refused, cut or given up sooner", `${name}: ${from} to ${to}`, line));
    else if (SWITCH_NAME.test(name) && /^(?:true|false|True|False|0|1)$/.test(to)) found.push(at("configuration", "medium", "a switch is turned: its default is another for all who did not set it", `${name}: ${from} to ${to}`, line));
    else found.push(at("behaviour", "low", "a value is another now; whoever relied on the old one notices", `${name}: ${from} to ${to}`, line));
  }
  const stored = kind.source && lines.find(({ from, to }) => [from, to].some((text) => text !== null && STORED_LINE.test(text)));
  const holder = names.find((change) => change.path === path && /(?:row|record|entity|schema|store|table)$/i.test(declared(change).name));
  if (stored && (STORED.test(path) || holder !== undefined)) found.push(at("stored data", "medium", "how stored data is keyed or read may change: rows written before are read by the new code", undefined, stored.line));
  const SCHEMA = /(?:^|[/_.-])(?:config|schema|proto|types?|api|options|settings)(?:[/_.-]|$)/i;
  if (gone.length > 0 && SCHEMA.test(path)) found.push(at("public API", "medium", "a field or a name is removed there: existing callers, files and settings that still have it may be refused", gone[0]));
  return found;
}

function ofNames(changes: readonly NameChange[], renamed: readonly Renamed[], kindOf: (path: string) => Seen["kind"] | undefined): Risk[] {
  const moved = movedNames(changes);
  return changes.flatMap((change): Risk[] => {
    const one = declared(change);
    const exported = change.before?.exported === true && /^(?:function|method|class|type|constant)$/.test(one.what);
    if (!exported || kindOf(change.path)?.source !== true || (change.how === "removed" && moved.has(one.name))) return [];
    const at = { area: "public API", level: "high", path: change.path, line: change.now?.line ?? null, name: fullName(change) } as const;
    const other = renamed.find(({ from }) => from === change);
    if (other !== undefined) return [{ ...at, because: `is gone under that name, and others may use it; it is renamed`, cue: fullName(other.to) }];
    if (change.how === "removed") return [{ ...at, because: "is gone, and others may use it" }];
    if (change.how === "changed") return [{ ...at, area: "behaviour", level: "low", because: "behaves differently now, for all its callers" }];
    return change.how === "signature" && !onlyExtends(change) ? [{ ...at, because: "takes or gives something else now" }] : [];
  });
}

const WEIGHT: Readonly<Record<Level, number>> = { high: 0, medium: 1, low: 2 };

/** Worst first; at one level in the order of the files. */
export function risksOf(files: readonly Seen[], names: readonly NameChange[], insides: readonly Inside[], renamed: readonly Renamed[]): Risk[] {
  const kinds = new Map(files.map(({ path, kind }) => [path, kind]));
  const inside = new Map(insides.map((one) => [one.path, one]));
  const own = files.flatMap((file) => {
    const [within, of] = [withinOf(file), inside.get(file.path)];
    const read = file.kind.lock || file.kind.generated || (file.kind.docs && file.kind.language === null);
    return [...(read ? [] : file.kind.test ? heldIn(file, within) : [...lostIn(file, within), ...shapesOf(file, within)]), ...ofLines(file, within), ...(of === undefined ? [] : ofInside(of, file, names, within)), ...ofFile(file)];
  });
  const all = [...own, ...ofNames(names, renamed, (path) => kinds.get(path))];
  return all.sort((a, b) => WEIGHT[a.level] - WEIGHT[b.level]);
}
