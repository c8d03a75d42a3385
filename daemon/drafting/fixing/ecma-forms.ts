/** More of what tsc, eslint, biome and oxlint say: forms that are written otherwise, promises that nobody waits for, names that modules have. */
import { codeOf, goesOn, isEcma, isInText, isOnlyBody, word } from "./lines.ts";
import { indentOf, line, once, only } from "./mending.ts";
import type { Edit } from "./patch.ts";
import type { Mend, MendRule, Place } from "./rules.ts";

const OPERAND = "(?:\"[^\"\\\\`$]*\"|'[^'\\\\`$]*'|[A-Za-z_$][\\w$]*(?:\\.[A-Za-z_$][\\w$]*)*(?:\\([\\w$., ]*\\))?|\\d+)";
/** `"a" + b + "c"` as one text. */
function template(place: Place): Mend | null {
  const hits = [...place.text.matchAll(new RegExp(`(?<![\\w$.]|[.)\\]+*/%-]\\s*)${OPERAND}(?: \\+ ${OPERAND})+(?!\\s*[\\w$.(\\[+*/%-])`, "g"))].filter(([all]) => /["']/.test(all));
  const parts = hits.length === 1 ? hits[0]![0].match(new RegExp(OPERAND, "g")) ?? [] : [];
  // Two numbers in front would be added first.
  if (parts.length < 2 || !parts.slice(0, 2).some((part) => /^["']/.test(part)) || isInText(place) || /\/\/.*["']/.test(codeOf(place.text))) return null;
  const said = parts.map((part) => (/^["']/.test(part) ? part.slice(1, -1) : `\${${part}}`)).join("");
  return line(place, `${place.text.slice(0, hits[0]!.index)}\`${said}\`${place.text.slice(hits[0]!.index + hits[0]![0].length)}`, "write it as one text");
}

/** The line on which the function around the place begins, where it may be made async. */
function headAround({ lines, line: at, text }: Place): { readonly at: number; readonly text: string } | null {
  let own = indentOf(text).length;
  for (let up = at - 2; up >= 0; up -= 1) {
    const above = lines[up]!;
    if (above.trim() === "" || indentOf(above).length >= own) continue;
    own = indentOf(above).length;
    if (/\bfunction\b|=>\s*\{?\s*$|^\s*(?!(?:if|for|while|switch|try|else|do|catch|return)\b)(?:(?:public|private|protected|static|override)\s+)*[\w$]+\s*\([^()]*\)\s*(?::[^{]+)?\{\s*$/.test(above)) return { at: up + 1, text: above };
  }
  return null;
}

/** `await` in a function that is none: it becomes one, where what it gives is a promise already or nobody here calls it. */
function madeAsync(place: Place): Mend | null {
  const head = /\bawait\b/.test(place.text) ? headAround(place) : null;
  if (head === null || /\basync\b|\*/.test(head.text) || /^\s*(?:constructor|get|set)\b/.test(head.text)) return null;
  const name = /\bfunction\s+([\w$]+)/.exec(head.text)?.[1] ?? /\b(?:const|let|var)\s+([\w$]+)/.exec(head.text)?.[1] ?? /^\s*(?:\w+\s+)*([\w$]+)\s*\(/.exec(head.text)?.[1];
  const promised = /\)\s*:\s*Promise</.test(head.text);
  if (!promised && (/\)\s*:/.test(head.text) || name === undefined || place.lines.some((text, i) => i !== head.at - 1 && word(name).test(codeOf(text))))) return null;
  const now = /\bfunction\b/.test(head.text) ? head.text.replace(/\bfunction\b/, "async function") : /=>\s*\{?\s*$/.test(head.text) ? head.text.replace(/((?:\([^()]*\)|[A-Za-z_$][\w$]*)(?:\s*:[^=]+)?\s*=>\s*\{?\s*)$/, "async $1") : head.text.replace(/^(\s*(?:(?:public|private|protected|static|override)\s+)*)/, "$1async ");
  return now === head.text ? null : { what: "make the function async, as it waits", edits: [{ line: head.at, gone: 1, come: [now] }], ...(promised ? {} : { caution: "it gives a promise now" }) };
}

/** A promise that a condition asks about, or whose property is read. */
function awaited(place: Place): Mend | null {
  const head = headAround(place);
  if (head === null || !/\basync\b/.test(head.text) || /\bawait\b/.test(place.text) || isInText(place)) return null;
  if (/condition|boolean/i.test(place.message)) return once(/(?<=\b(?:if|while)\s*\(!?|&& !?|\|\| !?|\? !?)([\w$.]+\([^()]*\))(?=\s*(?:\)|&&|\|\|))/, "await $1", "wait for the promise, which is never false")(place);
  const name = /property ["'`](\w+)["'`]/i.exec(place.message)?.[1] ?? "";
  const direct = name === "" ? null : once(new RegExp(`(?<![\\w$.])([\\w$.]+\\([^()]*\\))(?=\\.${name}\\b)`), "(await $1)", "wait for the promise")(place);
  if (direct !== null || name === "") return direct;
  const owner = new RegExp(`(?<![\\w$.])([A-Za-z_$][\\w$]*)\\.${name}\\b`).exec(codeOf(place.text))?.[1];
  const from = owner === undefined ? -1 : place.lines.findLastIndex((text, i) => i < place.line - 1 && i >= head.at && new RegExp(`^\\s*(?:const|let)\\s+${owner}\\s*=\\s*[\\w$.]+\\(`).test(text));
  return from < 0 ? null : { what: "wait for the promise", edits: [{ line: from + 1, gone: 1, come: [place.lines[from]!.replace(/=\s*/, "= await ")] }] };
}

/** `import x from` for a module that has the name and no default, and the other way round. */
function importedOtherwise(place: Place): Mend | null {
  const named = /import \{ (\w+) \} from/.exec(place.message)?.[1];
  if (named !== undefined) return once(new RegExp(`^(\\s*import\\s+(?:type\\s+)?)${named}(?=\\s+from\\b)`), `$1{ ${named} }`, "import it by its name, as the module has no default")(place);
  const own = /import (\w+) from/.exec(place.message)?.[1];
  return own === undefined ? null : once(new RegExp(`^(\\s*import\\s+(?:type\\s+)?)\\{\\s*${own}\\s*\\}(?=\\s+from\\b)`), `$1${own}`, "import it as the default of the module")(place);
}

/** A name that is declared in the module and not given out. */
const exported = (place: Place): Mend | null => {
  const name = /declares ["'](\w+)["'] locally/.exec(place.message)?.[1] ?? "";
  return name === "" || isInText(place) ? null : once(new RegExp(`^(?=(?:async\\s+)?(?:function\\*?|const|let|class|abstract\\s+class|type|interface|enum)\\s+${name}\\b)`), "export ", "give out the name that another file takes in")(place);
};

/** Declarations of a case, in braces of their own. */
function caseBraces(place: Place): Mend | null {
  const { lines } = place;
  const head = lines.findLastIndex((text, i) => i < place.line && /^\s*(?:case\b.*|default)\s*:\s*$/.test(text));
  const own = head < 0 ? 0 : indentOf(lines[head]!).length;
  let to = head + 1;
  while (to < lines.length && (lines[to]!.trim() === "" || indentOf(lines[to]!).length > own)) to += 1;
  if (head < 0 || to < place.line || to >= lines.length || !/^\s*(?:case\b|default\b|\})/.test(lines[to]!)) return null;
  return { what: "give the case a block of its own", edits: [{ line: head + 1, gone: 1, come: [`${lines[head]!.trimEnd()} {`] }, { line: to + 1, gone: 0, come: [`${indentOf(lines[head]!)}}`] }] };
}

/** A line for whoever writes the program. */
const logged = (place: Place): Mend | null => {
  const alone = /^\s*console\.(?:log|debug|info|trace)\((.*)\);?\s*$/.exec(place.text);
  const said = codeOf(alone?.[1] ?? "(");
  if (alone === null || isOnlyBody(place) || goesOn(place) || isInText(place) || /[\w$]\s*\(|\+\+|--|[^=!<>]=[^=>]|\bawait\b/.test(said) || (said.match(/[()]/g) ?? []).length > 0) return null;
  return { what: "take out the line of the log", edits: [{ line: place.line, gone: 1, come: [] }] };
};

/** `if (a = b)`. */
const compared = (place: Place): Mend | null => (/\(\s*\(|[<>!=]=|=>/.test(codeOf(place.text)) ? null : once(/(?<=\b(?:if|while)\s*\(\s*[\w$.[\]]+)\s*=\s*(?=(?:[\w$.]+|["'][^"']*["'])\s*\))/, " === ", "compare, and assign nothing", "where the assignment was meant, put it in front")(place));

function renamedImport(place: Place): Mend | null {
  const said = /has no exported member (?:named )?["'](\w+)["']\. Did you mean ["'](\w+)["']/.exec(place.message);
  if (said === null || !/^\s*(?:import\b|[\w$]+,?\s*$|type\s)/.test(place.text)) return null;
  const [, wrong = "", right = ""] = said;
  const edits: Edit[] = [];
  for (const [at, text] of place.lines.entries()) {
    const code = codeOf(text);
    const uses = [...code.matchAll(new RegExp(`(?<![\\w$.])${wrong}(?![\\w$])`, "g"))].map(({ index }) => index);
    if (word(right).test(code) || uses.some((index) => /^\w+\s*:(?!:)/.test(code.slice(index)) && !/\?/.test(code.slice(0, index)))) return null;
    if (uses.length === 0) continue;
    let now = text;
    for (const index of uses.reverse()) now = now.slice(0, index) + right + now.slice(index + wrong.length);
    edits.push({ line: at + 1, gone: 1, come: [now] });
  }
  return edits.length === 0 ? null : { what: "use the name that the module has", edits };
}

export const ECMA_FORMS: readonly MendRule[] = ([
  { of: /ts2724|has no exported member/i, mend: renamedImport },
  { of: /prefer-template|unexpected string concatenation|usetemplate/i, mend: template },
  { of: /ts1308|await.{0,20} expressions? (?:are|is) only (?:allowed|valid)|await is only valid|reserved word 'await'/i, mend: madeAsync },
  { of: /ts2801|always return true since this 'promise|no-misused-promises|forgot to use 'await'|forget to use 'await'/i, mend: awaited },
  { of: /ts2613|ts2614|ts1192|did you mean to use 'import/i, mend: importedOtherwise },
  { of: /declares ["']\w+["'] locally, but it is not exported/i, mend: exported },
  { of: /no-case-declarations|unexpected lexical declaration in case/i, mend: caseBraces },
  { of: /no-console|unexpected console statement/i, mend: logged },
  { of: /no-cond-assign|instead saw an assignment/i, mend: compared },
  { of: /no-useless-concat|unexpected string concatenation of literals/i, mend: once(/"([^"\\]*)" \+ "([^"\\]*)"|'([^'\\]*)' \+ '([^'\\]*)'/, "\"$1$2$3$4\"", "write it as one text") },
  { of: /no-useless-computed-key|unnecessarily computed property/i, mend: once(/(?<=[{,]\s*|^\s*)\[(["'])([A-Za-z_$][\w$]*)\1\](?=\s*:)/, "$2", "name the property") },
  { of: /operator-assignment|assignment \(=\) can be replaced/i, mend: once(/^(\s*)([\w$.]+) = \2 ([-+*/%&|^]) (?=[\w$.]+;?\s*$)/, "$1$2 $3= ", "write it as one step") },
  { of: /arrow-body-style|unexpected block statement surrounding arrow/i, mend: once(/=> \{ return ([^{};][^{};]*); \}/, "=> $1", "give the value itself") },
  { of: /no-return-await|redundant use of `?await/i, mend: (place) => (place.lines.slice(Math.max(0, place.line - 30), place.line).some((text) => /\btry\b/.test(text)) ? null : once(/(?<=\breturn )await /, "", "give the promise on")(place)) },
  { of: /await-thenable|unexpected `?await`? of a non-promise|ts80007/i, mend: once(/\bawait (?=[\w$.]+)/, "", "it is there already") },
  { of: /prefer-optional-chain|useoptionalchain/i, mend: (place) => once(/(?<![\w$.])([\w$.]+) && \1\.(?=[\w$]+(?:\(\))?\s*(?:[;)]|$))/, "$1?.", "ask for what may be absent", "where it is absent it is undefined")(place) },
  { of: /prefer-nullish-coalescing/i, mend: (place) => (/&&|\?\?/.test(codeOf(place.text)) ? null : once(/\|\|(?=[^|=])/, "??", "take the other only where there is none", "0, false and an empty text stand now")(place)) },
  { of: /no-unnecessary-type-assertion|does not change the type|no-extra-non-null-assertion|no-non-null-assertion|nononnullassertion|forbidden non-null assertion/i, mend: (place) => (/forbidden|no-non-null/i.test(`${place.rule} ${place.message}`) ? null : once(/(?<=[\w$)\]])!(?=[.;,)\][])/, "", "leave out what changes nothing")(place) ?? once(/(?<=[\w$)\]]) as [A-Z]?[\w$.]+(?:\[\])?(?=\s*[;,)])/, "", "leave out what changes nothing")(place)) },
  { of: /ban-ts-comment|prefer-ts-expect-error|use ["'`]@ts-expect-error/i, mend: (place) => (/^\s*\/\/ ?@ts-ignore\b/.test(place.text) ? line(place, place.text.replace("@ts-ignore", "@ts-expect-error"), "say that an error is expected, so that it is told when it is gone") : null) },
  { of: /array-type|is forbidden\. use '/i, mend: (place) => { const of = /'Array<(\w+)>' is forbidden\. Use '\1\[\]'/i.exec(place.message)?.[1]; return of === undefined ? null : once(new RegExp(`\\bArray<${of}>`), `${of}[]`, "write the list as the others are")(place); } },
  { of: /jsx-no-target-blank|usestrictbuttontarget|noblanktarget/i, mend: (place) => (/\brel=/.test(place.text) ? null : once(/(?<= )target=(["'])_blank\1/, 'target="_blank" rel="noreferrer"', "keep the page from whoever it opens")(place)) },
  { of: /eslint.quotes\b|\bquotes\b.*|strings must use (?:single|double)quote/i, mend: (place) => (/doublequote/i.test(place.message) ? once(/'([^'"\\]*)'/, '"$1"', "quote it as the others are")(place) : /singlequote/i.test(place.message) ? once(/"([^'"\\]*)"/, "'$1'", "quote it as the others are")(place) : null) },
  { of: /comma-dangle|trailing comma/i, mend: (place) => (/missing/i.test(place.message) && /^\s*[)\]}]/.test(place.lines[place.line] ?? "") && /[\w"'`)\]}]$/.test(place.text) && !isInText(place) ? line(place, `${place.text},`, "end the line with a comma") : /unexpected/i.test(place.message) ? once(/,(?=\s*[)\]}])|,(?=\s*$)/, "", "leave out the last comma")(place) : null) },
] satisfies readonly MendRule[]).map(({ of, mend }) => ({ of, mend: only(isEcma, mend) }));
