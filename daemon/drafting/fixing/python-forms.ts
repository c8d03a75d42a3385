/** More of what ruff, flake8, pylint, mypy, bandit and Python say: forms that are written otherwise and mean the same. */
import { codeOf, isInText } from "./lines.ts";
import { blockBelow, indentOf, isPython, line, once, only } from "./mending.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

/** `a; b` and `if x: y` on lines of their own. */
function ownLines(place: Place): Mend | null {
  const code = codeOf(place.text);
  if (isInText(place) || /\blambda\b|#|[[{(]/.test(code) && !/;/.test(code)) return null;
  if (/;/.test(code)) {
    const cuts = [...code.matchAll(/;/g)].map(({ index }) => index);
    const parts = [0, ...cuts.map((at) => at + 1)].map((from, i) => place.text.slice(from, cuts[i] ?? undefined).trim()).filter((part) => part !== "");
    if (/:/.test(code.replace(/[[{(][^\])}]*[\])}]/g, "")) || parts.length < 2) return null;
    return { what: "one statement to a line", edits: [{ line: place.line, gone: 1, come: parts.map((part) => indentOf(place.text) + part) }] };
  }
  const said = /^(\s*)((?:if|elif|while|for|with)\b[^:]*|else|try|finally|except\b[^:]*):\s+(\S.*)$/.exec(place.text);
  return said === null ? null : { what: "the body on a line of its own", edits: [{ line: place.line, gone: 1, come: [`${said[1]}${said[2]}:`, `${said[1]}    ${said[3]}`] }] };
}

/** `if x: return True` and `return False`. */
function returnedBool(place: Place): Mend | null {
  const head = /^(\s*)if (.+):\s*$/.exec(place.text);
  const below = place.lines.slice(place.line, place.line + 3);
  const one = /^\s+return (True|False)\s*$/.exec(below[0] ?? "")?.[1];
  const alone = /^\s+return (True|False)\s*$/.exec(below[1] ?? "")?.[1];
  const other = alone ?? (/^\s*else:\s*$/.test(below[1] ?? "") ? /^\s+return (True|False)\s*$/.exec(below[2] ?? "")?.[1] : undefined);
  if (head === null || one === undefined || other === undefined || one === other || (alone !== undefined && indentOf(below[1]!) !== head[1])) return null;
  const truth = /^(?:not )?[\w.]+(?:\([^()]*\))? (?:==|!=|<=?|>=?|in|not in|is|is not) [\w."']+$|^isinstance\([^()]*\)$|^not [\w.]+$/.test(head[2]!);
  const given = one === "True" ? (truth ? head[2]! : `bool(${head[2]})`) : `not ${/^[\w.]+(?:\([^()]*\))?$/.test(head[2]!) ? head[2] : `(${head[2]})`}`;
  return { what: "give the condition itself", edits: [{ line: place.line, gone: alone === undefined ? 4 : 3, come: [`${head[1]}return ${given}`] }] };
}

/** `if a:` with nothing in it but `if b:`. */
function joined(place: Place): Mend | null {
  const [outer, inner] = [/^(\s*)if (.+):\s*$/.exec(place.text), /^(\s*)if (.+):\s*$/.exec(place.lines[place.line] ?? "")];
  const { to } = blockBelow(place.lines, place.line);
  if (outer === null || inner === null || inner[1]!.length <= outer[1]!.length || blockBelow(place.lines, place.line + 1).to !== to || /^\s*(?:else|elif)\b/.test(place.lines[to] ?? "") || [outer[2]!, inner[2]!].some((text) => /\bor\b|\bif\b|\blambda\b|:=/.test(text))) return null;
  const step = inner[1]!.slice(outer[1]!.length);
  const body = place.lines.slice(place.line + 1, to);
  return body.some((text) => text.trim() !== "" && !text.startsWith(`${outer[1]}${step}`) || /"""|'''/.test(text)) ? null : { what: "ask both at once", edits: [{ line: place.line, gone: body.length + 2, come: [`${outer[1]}if ${outer[2]} and ${inner[2]}:`, ...body.map((text) => (text.trim() === "" ? text : outer[1]! + text.slice(outer[1]!.length + step.length)))] }] };
}

/** `return None` of a function that says it gives a text. */
function mayBeNone(place: Place): Mend | null {
  const type = /got "None", expected "([\w.[\], ]+)"/.exec(place.message)?.[1] ?? "";
  if (!/^\s*return(?: None)?\s*$/.test(place.text) || type === "") return null;
  const own = indentOf(place.text).length;
  const at = place.lines.findLastIndex((text, i) => i < place.line - 1 && /^\s*(?:async\s+)?def\b/.test(text) && indentOf(text).length < own);
  const head = /^(.*\)\s*->\s*)([\w.[\], ]+?)(\s*:\s*)$/.exec(place.lines[at] ?? "");
  return head === null || /\bNone\b|Optional/.test(head[2]!) ? null : { what: "say that it may give None", edits: [{ line: at + 1, gone: 1, come: [`${head[1]}${head[2]} | None${head[3]}`] }], caution: "whoever calls it has to look whether there is one" };
}

/** `try: f() except E: pass`. */
function suppressed(place: Place): Mend | null {
  const { lines, line: at } = place;
  const [body, except, pass] = [lines[at] ?? "", /^\s*except ([\w., ()]+):\s*$/.exec(lines[at + 1] ?? ""), lines[at + 2] ?? ""];
  const imported = lines.some((text) => /^import contextlib\b/.test(text));
  if (!/^\s*try:\s*$/.test(place.text) || except === null || pass.trim() !== "pass" || !imported || /^\s*(?:else|finally|except)\b/.test(lines[at + 3] ?? "")) return null;
  return { what: "say which error is let go", edits: [{ line: at, gone: 4, come: [`${indentOf(place.text)}with contextlib.suppress(${except[1]!.replace(/^\((.*)\)$/, "$1")}):`, body] }] };
}

/** `"{}".format(a)` and `"%s" % a` with what stands in them. */
function formatted(place: Place): Mend | null {
  const said = /(?<![\w)])(["'])((?:(?!\1)[^\\{}])*(?:\{\}(?:(?!\1)[^\\{}])*)+)\1\.format\(([\w.]+(?:, [\w.]+)*)\)/.exec(place.text);
  if (said === null || isInText(place) || place.text.split(said[0]).length !== 2) return null;
  const given = said[3]!.split(", ");
  if ((said[2]!.match(/\{\}/g) ?? []).length !== given.length) return null;
  let next = 0;
  return line(place, place.text.replace(said[0], () => `f${said[1]}${said[2]!.replace(/\{\}/g, () => `{${given[next++]}}`)}${said[1]}`), "write the values where they stand");
}

/** `logging.info(f"...{x}")`: the message is made where it is written to the log alone. */
function lazily(place: Place): Mend | null {
  const said = /(\b(?:log|logger|logging|_?LOG(?:GER)?|self\.log(?:ger)?)\.(?:debug|info|warning|error|exception|critical)\()f(["'])((?:(?!\2)[^\\])*)\2\)\s*$/.exec(place.text);
  const values = [...(said?.[3] ?? "").matchAll(/\{([\w.]+(?:\([\w., ]*\))?)\}/g)].map((hit) => hit[1]!);
  return said === null || values.length === 0 || /%|\{\{|\}\}|![rsa]|:/.test(said[3]!) || (said[3]!.match(/\{/g) ?? []).length !== values.length || isInText(place) ? null : line(place, place.text.replace(said[0], () => `${said[1]}${said[2]}${said[3]!.replace(/\{[^}]*\}/g, "%s")}${said[2]}, ${values.join(", ")})`), "leave the text to the log");
}

/** A module or a name that is taken in twice. */
const twice = (place: Place): Mend | null => (/^(?:import|from)\s/.test(place.text) && place.lines.some((text, i) => i < place.line - 1 && text === place.text) ? { what: "take it in once", edits: [{ line: place.line, gone: 1, come: [] }] } : null);

/** One more named argument, where there is none of that name. */
const timeLimit = once(/(\b(?:requests|httpx|session)\.(?:get|post|put|patch|delete|head|request)\((?:(?!timeout=)[^()])*[\w"'\])}])\)/, "$1, timeout=30)", "wait no longer than half a minute", "whether that is long enough is for you to say");
const MODES: Readonly<Record<string, string>> = { IOError: "OSError", EnvironmentError: "OSError", WindowsError: "OSError", "socket.error": "OSError", "select.error": "OSError" };

export const PYTHON_FORMS: readonly MendRule[] = ([
  { of: /incompatible return value type \(got "none"/i, mend: mayBeNone },
  { of: /\be70[1-3]\b|multiple statements on one line|multiple-statements|c0321/i, mend: ownLines },
  { of: /sim103|r1703|simplifiable-if-statement|return the condition|needless-bool/i, mend: returnedBool },
  { of: /sim102|collapsible-if|nested `?if`? statements/i, mend: joined },
  { of: /sim105|suppressible-exception|contextlib\.suppress/i, mend: suppressed },
  { of: /\bup032\b|c0209|consider-using-f-string|use f-string/i, mend: formatted },
  { of: /\bg004\b|w1203|w1201|logging-fstring|lazy %/i, mend: lazily },
  { of: /\bf811\b|w0404|reimported|redefinition of unused/i, mend: twice },
  { of: /s113|w3101|missing-timeout|without timeout|request_without_timeout/i, mend: timeLimit },
  { of: /r1721|unnecessary-comprehension|c416\b|unnecessary .* comprehension/i, mend: (place) => once(/\[(\w+) for \1 in ([\w.]+(?:\([^()]*\))?)\]/, "list($2)", "make the list of it")(place) ?? once(/\{(\w+) for \1 in ([\w.]+(?:\([^()]*\))?)\}/, "set($2)", "make the set of it")(place) },
  { of: /c1802|use-implicit-booleaness|do not use `?len\(|len-as-condition|plc1802|sim.*len\(/i, mend: (place) => once(/(?<=\b(?:if|while|elif)\s+)len\(([\w.]+)\) == 0(?=\s*:)/, "not $1", "ask whether there is anything in it")(place) ?? once(/(?<=\b(?:if|while|elif)\s+(?:not )?)len\(([\w.]+)\)(?: > 0| != 0)?(?=\s*:)/, "$1", "ask whether there is anything in it")(place) },
  { of: /\bup004\b|r0205|useless-object-inheritance/i, mend: once(/(?<=^\s*class \w+)\(object\)(?=:)/, "", "every class is an object") },
  { of: /\bup008\b|r1725|super-with-arguments/i, mend: once(/\bsuper\(\w+, (?:self|cls)\)/, "super()", "super knows both") },
  { of: /\bup015\b|w1501|redundant.open.mode|unnecessary (?:open )?mode/i, mend: once(/(?<=\bopen\([\w.]+), ["']rt?["'](?=[,)])/, "", "it opens for reading anyway") },
  { of: /\bup024\b|replace aliased errors/i, mend: (place) => { const name = /\b(?:IOError|EnvironmentError|WindowsError|socket\.error|select\.error)\b/.exec(codeOf(place.text))?.[0] ?? ""; return Object.hasOwn(MODES, name) ? once(new RegExp(`\\b${name.replace(".", "\\.")}\\b`), MODES[name]!, "name the error itself")(place) : null; } },
  { of: /\bup006\b|use `?(?:list|dict|set|tuple)`? instead of/i, mend: (place) => { const name = /instead of `?(?:typing\.)?(List|Dict|Set|Tuple|FrozenSet|Type)`?/.exec(place.message)?.[1] ?? ""; return name === "" ? null : once(new RegExp(`(?<![\\w.])${name}(?=\\[)`), name.toLowerCase(), "use the type itself")(place); } },
  { of: /\bup007\b|\bup045\b|use `?x \| y`?|use `?x \| none/i, mend: once(/(?<![\w.])Optional\[(\w+(?:\[\w+\])?)\]/, "$1 | None", "say that it may be None") },
  { of: /r1714|plr1714|consider merging these comparisons|consider-using-in|multiple comparisons/i, mend: once(/(?<![\w.])([\w.]+) == (["'\w]+) or \1 == (["'\w]+)(?! or| and)/, "$1 in ($2, $3)", "ask whether it is one of them") },
  { of: /r1728|r1729|c419|use-a-generator|unnecessary list comprehension/i, mend: once(/\b(any|all|sum|max|min|sorted|set|tuple)\(\[([^[\]]+ for [^[\]]+)\]\)/, "$1($2)", "go through them without a list") },
  { of: /r1734|r1735|\bc408\b|use-(?:list|dict)-literal|unnecessary .{0,3}(?:dict|list|tuple).{0,3} call|rewrite as a literal/i, mend: (place) => once(/(?<![\w.])dict\(\)/, "{}", "write the literal")(place) ?? once(/(?<![\w.])list\(\)/, "[]", "write the literal")(place) },
  { of: /\bc4(?:05|03|04)\b|rewrite as a `?set|unnecessary .* literal/i, mend: once(/(?<![\w.])set\(\[([^[\]]+)\]\)/, "{$1}", "write the literal") },
  { of: /r1722|consider-using-sys-exit|plr1722|use `?sys\.exit/i, mend: (place) => (place.lines.some((text) => /^import sys\b/.test(text)) ? once(/(?<![\w.])(?:exit|quit)\(/, "sys.exit(", "end by the function that is always there")(place) : null) },
  { of: /c0325|superfluous-parens|unnecessary parens/i, mend: once(/(?<=\b(?:if|while|not|return|elif)) ?\(((?:[^()]|\([^()]*\))+)\)(?=\s*:?\s*$)/, " $1", "leave out the brackets") },
  { of: /sim20[12]|use `?\w* ?(?:!=|==).* instead of `?not/i, mend: (place) => once(/\bnot ([\w.]+) == ([\w."']+)/, "$1 != $2", "say it without not")(place) ?? once(/\bnot ([\w.]+) != ([\w."']+)/, "$1 == $2", "say it without not")(place) },
  { of: /sim910|use `?.*get\(.*instead|none default/i, mend: once(/(\.get\([^(),]+), None\)/, "$1)", "it gives None anyway") },
  { of: /sim401|r1715|consider-using-get/i, mend: once(/\b(\w+)\[([\w"']+)\] if \2 in \1 else ([\w."']+)/, "$1.get($2, $3)", "look it up with what stands for nothing") },
  { of: /sim21[01]|use `?bool\(/i, mend: once(/(?<==\s*|return\s+)True if ([^:]+?) else False(?=\s*$)/, "bool($1)", "say what it is") },
  { of: /\bb009\b|getattr with a constant/i, mend: once(/\bgetattr\((\w[\w.]*), ["']([A-Za-z_]\w*)["']\)/, "$1.$2", "name the attribute") },
  { of: /\bb010\b|setattr with a constant/i, mend: once(/^(\s*)setattr\((\w[\w.]*), ["']([A-Za-z_]\w*)["'], (.+)\)\s*$/, "$1$2.$3 = $4", "name the attribute") },
  { of: /\bb028\b|no explicit stacklevel/i, mend: once(/(\bwarnings\.warn\([^()]+)\)/, "$1, stacklevel=2)", "point at who calls") },
  { of: /s506|b506|yaml[_-]load|unsafe yaml load/i, mend: (place) => once(/\byaml\.load\(([\w.]+), Loader=yaml\.(?:Unsafe|Full)?Loader\)/, "yaml.safe_load($1)", "load plain data alone", "tags that make objects are refused now")(place) ?? once(/\byaml\.load\(([\w.]+(?:\(\))?)\)/, "yaml.safe_load($1)", "load plain data alone", "tags that make objects are refused now")(place) },
  { of: /s324|b324|insecure hash|use of weak (?:md5|sha1)/i, mend: once(/\bhashlib\.(md5|sha1)\(([^()]+)\)/, "hashlib.$1($2, usedforsecurity=False)", "say that no security rests on it", "where security rests on it, take sha256 instead") },
  { of: /b602|s602|s604|shell=true/i, mend: (place) => once(/(\bsubprocess\.\w+\(\[[^\]]*\]), shell=True/, "$1", "run the program itself, without a shell")(place) },
  { of: /unused ["'`]?type: ?ignore|unused-ignore|warn.unused.ignore/i, mend: (place) => (/\s*# type: ignore(?:\[[\w, -]+\])?\s*$/.test(place.text) ? line(place, place.text.replace(/\s*# type: ignore(?:\[[\w, -]+\])?\s*$/, ""), "take out what nothing asks for") : null) },
  { of: /e0602|unawaited|coroutine .* never awaited|rpc.*never awaited|must be used|unused-coroutine|missing "?await/i, mend: (place) => { const own = indentOf(place.text).length; const head = place.lines.slice(0, place.line - 1).findLast((text) => /^\s*(?:async\s+)?def\b/.test(text) && indentOf(text).length < own); return head === undefined || !/^\s*async\b/.test(head) || /\bawait\b/.test(place.text) ? null : once(/^(\s*(?:[\w, ]+ = |return )?)(?=[\w.]+\()/, "$1await ", "wait for it")(place); } },
  { of: /incompatible default|assignment.*expression has type "none"|incompatible types in assignment \(expression has type "none"/i, mend: once(/^(\s*[\w.]+: [\w.]+(?:\[[\w., ]+\])?)( = None\s*)$/, "$1 | None$2", "say that it may be None") },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isPython, mend) }));

