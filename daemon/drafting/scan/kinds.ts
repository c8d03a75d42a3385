/** Single lines that tell what a change is for: options and routes that come, what is faster, what was unsafe or missing. */
import type { Kind } from "../classify.ts";
import type { Seen } from "../material.ts";
import { DANGERS } from "./dangers.ts";
import { withoutComment } from "./inside.ts";
import { gainedIn } from "./lost.ts";

interface Cue {
  readonly kind: Kind;
  readonly points: number;
  readonly because: string;
  readonly come: RegExp;
  /** Has to go for it; where absent, `come` has to stand in no line that goes. */
  readonly gone?: RegExp;
  /** Only in files of that name. */
  readonly path?: RegExp;
}

const OPTIONS = /\badd_argument\(|\.(?:option|requiredOption|addOption)\(|@(?:click|typer|app)\.(?:option|argument|command)|typer\.Option|\bflag\.(?:String|Bool|Int|Duration)\w*\(|Flags\(\)\.\w+\(|#\[(?:arg|clap|structopt)\b|`[^`]*\b(?:help|json|yaml|toml|env|mapstructure|default):"|\bhelp\s*=\s*["']|@(?:Option|Parameter|Input|Prop|Output)\b|parser\.on\(|\bcobra\.Command\{|"--[a-z][\w-]+"|^\s*--[a-z][\w-]+\)/;
const ROUTES = /(?:\b(?:app|router|server|api|r|mux|e|g|fastify|blueprint|bp)\.(?:get|post|put|patch|delete|route|all|GET|POST|PUT|DELETE|HandleFunc|Handle|add_url_rule)\(|@\w+\.(?:route|get|post|put|patch|delete|websocket)\(|@(?:Get|Post|Put|Patch|Delete|Request)Mapping|\[Http(?:Get|Post|Put|Delete)|HandleFunc\(|Route::\w+\(|Map(?:Get|Post|Put|Delete)\(|^\s*(?:get|post|resources?)\s+["':]|\brpc\s+\w+|\bpath\(\s*["'])/;
const FIELDS = /^\s*(?:public|pub|readonly|val|var|private|protected|final|static|@\w+\s)*\s*\w+\??\s*:\s*[\w<>[\]|&.'" ]+\??\s*(?:=\s*[^=;]+)?[;,]?$|^\s*[A-Z]\w*\s+[\w.*[\]]+\s*(?:`.*`)?$|^\s*(?:repeated\s+|optional\s+)?\w+\s+\w+\s*=\s*\d+;/;

const CUES: readonly Cue[] = [
  { kind: "feature", points: 2.4, because: "an option or a setting that users give comes", come: OPTIONS },
  { kind: "feature", points: 2.6, because: "a route or a call that others may use comes", come: ROUTES },
  { kind: "feature", points: 1, because: "a field or a case comes", come: FIELDS },
  { kind: "feature", points: 1.2, because: "something to see or to press comes on a page", come: /<(?:button|input|select|form|section|nav|dialog|table|textarea|[A-Z]\w+)\b/, path: /\.(?:html?|vue|svelte|[jt]sx|erb|php|cshtml|hbs|ejs|astro)$/ },
  { kind: "feature", points: 1.2, because: "one more case of what is told apart comes", come: /^\s*(?:case\s+["'\w.]+|when\s+["':\w]|["'][\w-]+["']\s*(?::|=>)\s*\S)/ },
  { kind: "feature", points: 2.4, because: "a column, a table or a field of stored data comes", come: /\b(?:add\s+column|create\s+table|add_column|create_table|AddField|CreateModel|addColumn|createTable)\b/i },
  { kind: "perf", points: 3.4, because: "related rows are read at once and not one by one (eager loading, no N+1)", come: /\.(?:includes|eager_load|preload)\(\s*:|select_related\(|prefetch_related\(|joinedload\(|selectinload\(|subqueryload\(|\bwith\(\s*\[?["']\w+["']|\.Include\(|@EntityGraph|JOIN FETCH|->with\(|\bDataLoader\b|\.ThenInclude\(/i },
  { kind: "perf", points: 3.2, because: "room is made once and not as it grows", come: /\.(?:reserve|ensureCapacity|EnsureCapacity|shrink_to_fit)\(|with_capacity\(|\bmake\((?:\[\]|map\[)[^,()]+,\s*(?:0,\s*)?(?:len\(|cap\(|\w)|new (?:ArrayList|HashMap|StringBuilder|List<\w+>|Dictionary<[\w, ]+>)\(\s*\w/, gone: /./ },
  { kind: "perf", points: 2.6, because: "it is referred to or moved in place of copied", come: /\bconst\s+[\w:<>, ]+\s*&|std::move\(|emplace_back|std::string_view|&str\b|&\[\w+\]|Cow<|\bas_ref\(\)|\bspan<|ReadOnlySpan|memoryview\(|\.view\(/, gone: /push_back\(|\(\s*(?:const\s+)?std::\w+(?:<[\w:, ]+>)?\s+\w+|\.clone\(\)|\bString\b|\bVec<|\.to_string\(\)|\.to_vec\(\)|\bbytes\(|substr|\(\s*\w+(?:<\w+>)?\s+\w+\s*[,)]/ },
  { kind: "perf", points: 2.6, because: "a copy is spared", come: /./, gone: /\.clone\(\)|\.to_vec\(\)|\.to_owned\(\)|copy\.deepcopy\(|JSON\.parse\(JSON\.stringify|\.cloneDeep\(|\.dup\b/ },
  { kind: "perf", points: 3, because: "many are written or asked for at once and not one by one", come: /\bbulk_(?:create|update|insert)\w*\(|executemany\(|insertMany\(|insert_all\(|createMany\(|saveAll\(|\bpipeline\(|bulkWrite\(|addBatch\(|\bMGET\b|\bmget\(|CopyFrom\(|upsert_all|find_each|in_batches|AddRange\(|SqlBulkCopy|unnest\(/ },
  { kind: "perf", points: 3, because: "what waited one after another is done at once", come: /\bPromise\.all(?:Settled)?\(|asyncio\.gather\(|TaskGroup\(|errgroup\.|\bpar_iter\b|parallelStream\(|ThreadPoolExecutor|ProcessPoolExecutor|Task\.WhenAll|awaitAll\(|join!\(|Parallel\.For|concurrent\.futures|pmap\(|xargs -P|make -j|WaitGroup/, gone: /\bawait\b|\bfor\b|\.each|\.map\b|\.join\(|iter\(\)/ },
  { kind: "perf", points: 2.6, because: "an answer is kept and not worked out again", come: /@?\b(?:lru_cache|functools\.cache|cached_property|memoize\w*|useMemo|useCallback|React\.memo|Cacheable|cache_page|OnceCell|LazyLock|lazy_static|once_cell|sync\.Once|sync\.Pool|computeIfAbsent|getOrPut|GetOrAdd|GetOrCreate|Rails\.cache|Cache::remember|memo\()|\|\|=|\bcache\w*\.(?:get|has|fetch|set)\(|\b_?\w*cache\w*\b.*(?:=|\[)/i },
  { kind: "perf", points: 2.6, because: "it is read or written in larger pieces, or as it comes", come: /\bbufio\.New|BufferedReader|BufferedWriter|BufReader|BufWriter|BufferedInputStream|setvbuf|\bStringBuilder\b|strings\.Builder|\.join\(|StringIO|\byield\b|\biter_lines\(|createReadStream|\.stream\(|\.lazy\b|islice\(|\.chunks\(|chunksize|\bio\.Copy\(|readline\.createInterface|sendfile|mmap/, gone: /\+=|readFile|\.read\(\)|ReadAll|readlines\(\)|\.collect|\[.*\bfor\b|new FileReader|FileInputStream|File::|\+\s*["'\w]|return\b|\.map\(|readFileSync|file_get_contents|\bos\.(?:Open|Create)/ },
  { kind: "perf", points: 2.4, because: "it asks for less: whether there is one in place of how many, some columns in place of all", come: /\.exists\(\)|\.exists\?|\bEXISTS\b|\bLIMIT 1\b|\.Any\(|\.any\?|isEmpty\(\)|is_empty\(\)|\.only\(|\.values_list\(|\.pluck\(|\.lean\(\)|\.select\(\s*["':]|\.AsNoTracking\(|\.first\b|\bsome\(|\.projection\(|select\s+[\w., ]+\s+from/i, gone: /count\b|\.length|\blen\(|\.size\b|SELECT \*|\.Count\(|\.all\b|\.map\(|\.filter\(|findAll|\.ToList\(/i },
  { kind: "perf", points: 2.6, because: "an index is made for what is searched", come: /\bcreate\s+(?:unique\s+)?index\b|add_index\b|db_index\s*=\s*True|index\s*[:=]\s*(?:true|True)|@Index\b|\.index\(|ensureIndex|createIndex|->index\(|HasIndex\(/i },
  { kind: "perf", points: 2.2, because: "it is loaded later, fewer times or only where it is needed", come: /\bloading=["']lazy|React\.lazy\(|\bdefineAsyncComponent\(|\bimport\(\s*["'`]|<script[^>]*\b(?:defer|async)\b|rel=["'](?:preload|prefetch|preconnect|modulepreload)|debounce\(|throttle\(|requestIdleCallback|requestAnimationFrame|will-change|content-visibility|@Lazy\b|by lazy\b|FetchType\.LAZY|IntersectionObserver|max-age=|immutable|Cache-Control|gzip|brotli|compress\(/ },
  { kind: "perf", points: 2.6, because: "a set or a table takes the place of a search", come: /\bnew (?:Set|Map|WeakMap)\b|\bset\(|\bfrozenset\(|\bHashSet\b|\bHashMap\b|map\[\w+\](?:bool|struct\{\})|\bto_set\b|\bSet\.new\b|\bunordered_(?:map|set)\b|\bbisect\b|binary_search|BinarySearch|heapq\.|\.to_h\b|array_flip|isset\(|\bindex_by\b|\bToDictionary\(|\bToHashSet\(|keyBy\(/, gone: /\.includes\(|\.indexOf\(|\bin\s+\w|\.find\(|\.contains\(|\.filter\(|\bfor\b|include\?|in_array|\.index\(|\.any\(|\bstd::(?:map|set|find)\b|sorted?\(|\.some\(|\.First/ },
  { kind: "fix", points: 1.8, because: "what was started is waited for", come: /\bawait\b|\.join\(\)|\.get\(\)|wg\.Wait\(\)/, gone: /./ },
  { kind: "fix", points: 1.6, because: "a bound or a comparison is another", come: /[<>]=?|[!=]==?/, gone: /[<>]=?|[!=]==?/ },
  { kind: "fix", points: 1.4, because: "an issue is named beside the code", come: /(?:#|GH-|issues?\/|bugs?\/)\d{2,}/ },
];

const LINES_READ_MAX = 400;
const LINE_READ_MAX = 400;

export interface Told {
  readonly kind: Kind;
  readonly points: number;
  readonly because: string;
}

/** An area whose danger somebody could use; the others make a program wrong, and not unsafe. */
const UNSAFE = /^(?:checks switched off|database|commands and files|authentication|cryptography|network|secrets|build and CI|configuration)$/;

function safer(file: Seen, gone: readonly string[], come: readonly string[]): Told[] {
  if (come.length === 0 || file.change.status !== "modified") return [];
  const left = DANGERS.find(({ level, line }) => level === "high" && gone.some((text) => line.test(text)) && !come.some((text) => line.test(text)));
  if (left === undefined) return [];
  return UNSAFE.test(left.area) ? [{ kind: "security", points: 3, because: "something unsafe is replaced by what is safe in its place" }] : [{ kind: "fix", points: 2, because: "something that may fail is replaced" }];
}

/** The strongest of each kind and reason, over the files of program text. */
export function toldBy(files: readonly Seen[]): Told[] {
  const told = new Map<string, Told>();
  const say = (one: Told): void => void ((told.get(one.because)?.points ?? 0) < one.points && told.set(one.because, one));
  for (const file of files) {
    const bare = (lines: Seen["added"]): string[] => lines.slice(0, LINES_READ_MAX).map(({ text }) => withoutComment(text.slice(0, LINE_READ_MAX))).filter((text) => text.trim() !== "");
    const aligned = (text: string): string => text.replace(/\s+/g, " ").trim();
    const [all_gone, all_come] = [bare(file.removed), bare(file.added)];
    const [was, is] = [new Set(all_gone.map(aligned)), new Set(all_come.map(aligned))];
    const [gone, come] = [all_gone.filter((text) => !is.has(aligned(text))), all_come.filter((text) => !was.has(aligned(text)))];
    const more = (of: RegExp): boolean => come.filter((text) => of.test(text)).length > gone.filter((text) => of.test(text)).length;
    for (const { kind, points, because, come: comes, gone: goes, path } of CUES) {
      if (path !== undefined && !path.test(file.path)) continue;
      if (!come.some((text) => comes.test(text))) continue;
      const left = kind === "feature" ? more(comes) : goes === undefined ? !gone.some((text) => comes.test(text)) : gone.some((text) => goes.test(text)) && (comes.source === "." ? !come.some((text) => goes.test(text)) : !gone.some((text) => comes.test(text)) || comes.source === goes.source);
      if (left) say({ kind, points, because });
    }
    for (const one of safer(file, gone, come)) say(one);
    for (const { area } of gainedIn(file)) {
      const unsafe = area === "cryptography" || area === "authentication" || area === "network";
      say({ kind: unsafe ? "security" : "fix", points: unsafe ? 2 : 1.8, because: unsafe ? "a protection comes that was missing" : "something that was missing is done: a wait, a lock, a check, an end" });
    }
  }
  return [...told.values()];
}
