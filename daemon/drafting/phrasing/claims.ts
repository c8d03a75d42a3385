/** What no sentence of a model may say, however true it sounds: judgements are a gate's, and nobody reads them off the facts. */

/** Letters of our own alphabet and plain signs: no markup, no other language's words, no letters that only look like ours. */
const PLAIN = /^[A-Za-z0-9 .,;:'"()/_`-]+$/;
const OTHER_LANGUAGES = /\b(?:ist|sind|und|nicht|alle|keine?|est|sont|les|tous|pas|et|los|las|todos|para|sono|tutti|het|zijn|een|todas|og|och|nie)\b/i;

/** Tests and the like may be named, and what became of them may not. */
const OUTCOMES = /\b(?:tests?|tested|testing|checks?|builds?|ci|pipelines?|suites?|coverage|everything|all|lint\w*|compil\w+)\b/i;
const GOOD = /\b(?:pass(?:es|ed|ing)?|succeed\w*|success\w*|green|works?|working|fine|ok|okay|complete(?:ly|d)?|full(?:y)?|well|good|healthy|clean(?:ly)?|cover(?:s|ed|ing)?|correct(?:ly|ness)?|run|runs|hold|holds)\b/i;

const JUDGEMENTS = /\b(?:safe(?:ly|ty)?|secure(?:ly|d)?|security|approv\w*|admit\w*|accept(?:s|ed|able|ance)?|lgtm|verif\w*|prove[dns]?|proof|guarante\w*|certif\w*|audit\w*|vett(?:ed|ing)|sign(?:s|ed)?[- ]?off|signed|trust(?:ed|s|worthy)?|legitimate|authori[sz]ed|permitted|permission|official\w*|bug[- ]free|risk[- ]free|harmless|trivial\w*|benign|innocuous|ready|production|ship(?:s|ped|ping)?|review(?:s|ed|ing|ers?)?|recommend\w*|merg(?:e[sd]?|ing|eable)|deploy\w*|low[- ]risk|gate[sd]?|verdict|positive|maestro|team|maintainers?|owners?|compatib\w*|robust\w*|reliab\w*|stable|perfect\w*|flawless\w*|excellent|great|identical|equivalent|unchanged|as (?:intended|expected|designed)|works|working|correctly|is (?:now )?correct|wrote|written by|authored|acked|(?:nothing|no one|nobody) to worry)\b/i;
/** What is said not to be there was looked for by nobody. */
const DENIALS = /\b(?:no|not|never|nothing|none|nobody|without|cannot|free of|lacks?|zero|n't)\b|n't\b/i;
const DENIED = /\b(?:fail\w*|break\w*|broken|risk\w*|impact\w*|issues?|bugs?|problems?|errors?|change[sd]?|affect\w*|danger\w*|harm\w*|concern\w*|vulnerab\w*|regress\w*|leak\w*|need\w*|requir\w*|worr\w*|effects?|look\w*|attention|necessary|matter\w*)\b/i;

/** Words to a reader, and forms that another program acts on. */
const ORDERS = /\b(?:please|you|your|yours|feel free|click|visit|contact|password|passphrase|login|log in|credentials?|dot com|url|website|link)\b|^(?:run|visit|see|delete|disable|skip|merge|click|open|install|turn|call|ignore|consider|ensure|let|note|grant|give|go|do|make sure|just|trust)\b/i;
const TRAILERS = /^\s*[A-Za-z][\w-]*:(?:\s|$)|\b[A-Za-z]+-(?:[A-Za-z]+-)?[A-Za-z]+:|\b[a-z]+-by\b|\bGH-?\d|\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\s+(?:issue\s+)?[#\d]/i;
const LISTS = /^\s*(?:[-*+]|\d+[.)])\s|\d+\.\s+\d+\./;

/** Null where it claims nothing that it may not. */
export function claimIn(sentence: string): string | null {
  if (!PLAIN.test(sentence) || LISTS.test(sentence)) return "it holds more than plain words";
  if (OTHER_LANGUAGES.test(sentence)) return "it is in another language";
  if (JUDGEMENTS.test(sentence) || (OUTCOMES.test(sentence) && GOOD.test(sentence)) || (DENIALS.test(sentence) && DENIED.test(sentence))) return "it claims what only a gate may say";
  if (TRAILERS.test(sentence)) return "it has a form that programs act on";
  return ORDERS.test(sentence) ? "it speaks to its reader" : null;
}
