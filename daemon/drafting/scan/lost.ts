/** What protected something and is not there any more: in lines that go, and in none that come in the file. */
import type { Seen } from "../material.ts";
import { withoutComment } from "./inside.ts";
import type { Area, Level, Risk } from "./risks.ts";
import type { Within } from "./within.ts";

interface Lost {
  readonly area: Area;
  readonly level: Level;
  readonly because: string;
  readonly gone: RegExp;
  /** What would do the same in a line that comes; `gone` where absent. */
  readonly instead?: RegExp;
  /** What has to come in its place for the danger to be there. */
  readonly come?: RegExp;
}

const LOST: readonly Lost[] = [
  { area: "authentication", level: "high", because: "an authorisation check is removed: anyone may call it now, without the permission that was asked for",
    gone: /@(?:PreAuthorize|PostAuthorize|Secured|RolesAllowed|login_required|permission_required|user_passes_test|requires_\w+|jwt_required|authenticated|token_required|auth_required|staff_member_required|UseGuards|Roles|Authorized?)\b|\[Authorize\b|before_action\s+:\w*(?:auth|require|admin|login|verify)\w*|authenticate_\w+!|->middleware\(\s*\[?['"]auth|permission_classes|IsAuthenticated|IsAdminUser|LoginRequiredMixin|PermissionRequiredMixin|\.hasRole\(|\.authenticated\(\)|Depends\(\s*(?:get_)?(?:current_|verify_|require_)\w+|\b(?:requireAuth|requireLogin|ensureAuthenticated|isAuthenticated|requireRole|requireAdmin|authMiddleware|passport\.authenticate)\b|\bauthorize!?\s|Gate::authorize|\$this->authorize\(|canActivate/ },
  { area: "authentication", level: "high", because: "the protection from forged requests (CSRF) is removed: another site may send them in a reader's name", gone: /csrf|antiforgery|protect_from_forgery|xsrf|SameSite/i },
  { area: "concurrency", level: "high", because: "the transaction is removed: where it fails in the middle, half of it stays (no rollback, not atomic, inconsistent data)", gone: /@Transactional|\bBEGIN\b(?!.*PRIVATE)|START TRANSACTION|\b[tT]ransaction(?:al)?\b|\.atomic\b|\bCOMMIT\b|Begin(?:Tx)?\(|\.begin\(\)|TransactionScope|\bSAVEPOINT\b/ },
  { area: "concurrency", level: "high", because: "what kept two at once apart is removed: concurrent threads or requests may race, and lose or corrupt what they write (not thread-safe)",
    gone: /\bsynchronized\b|@Synchronized|\bMutex\b|\bRwLock\b|\bR?Lock\(\)|\.(?:RLock|Lock|lock|acquire)\(|\bConcurrent\w+|\bAtomic\w+|\batomic[.:<]\w*|\bsync\.(?:Map|Once|Mutex|RWMutex)|\bvolatile\b|FOR UPDATE|with_lock|select_for_update|\bsemaphore\b|singleflight|\block\s*\(\w+\)|std::(?:lock_guard|scoped_lock|unique_lock)|pg_advisory|\bflock\b|Interlocked\.|\bSETNX\b|synchronizedMap|@GuardedBy|lock_version|optimistic/i },
  { area: "limits", level: "high", because: "the timeout is removed: it may wait for ever and hang", gone: /time_?out|deadline|AbortSignal\.timeout|\bSO_RCVTIMEO|max-time/i },
  { area: "limits", level: "high", because: "the limit is removed: it grows without a bound (unbounded), and one caller may take all the memory or time",
    gone: /\.limit\(|\bLIMIT\s+\S+|\bLimitReader|MaxBytesReader|max_?(?:length|size|bytes|items|depth|age|entries|connections|retries|files)\b|\.take\(|\bmaxBodyLength|bodyParser.*limit|\blimit["']?\s*[:=]|rate_?limit|throttle|\bfirst\(\d|per_page|paginate|page_size|\bevict\w*|maximumSize|lru/i },
  { area: "error handling", level: "medium", because: "the retry is removed: one failure that would pass is an error at once", gone: /\bretr(?:y|ies)\b|@Retryable|backoff|tenacity|\battempts?\b/i },
  { area: "error handling", level: "high", because: "what was closed or released is not any more: files, connections, timers or listeners leak",
    gone: /\bdefer\s+.*(?:Close|Stop|cancel|Unlock)\b|\bwith\s+(?:open|closing|\w+\.connect|tempfile)\b|\busing\s*(?:\(|var\b)|\btry\s*\(|\bfinally\b|\.(?:close|dispose|Close|Dispose|shutdown|disconnect|unsubscribe|release|destroy)\(\)|removeEventListener|clear(?:Interval|Timeout)|(?<![\w.])free\(|\.use\s*\{|removeObserver|cancel\(\)|\bfclose\(|__exit__|\bensure\b|File\.open\(.*\bdo\b|rows\.Close/ },
  { area: "behaviour", level: "high", because: "the time zone is lost: local time is taken in place of UTC (naive), so it is wrong by hours elsewhere or around summer time", gone: /timezone\.utc|\bUTC\b|ZoneOffset|ZoneId|tzinfo|\btz=|AT TIME ZONE|DateTimeOffset|UtcNow|utcnow|\.utc\(\)|timestamptz|with time zone|Time\.zone|toISOString|OffsetDateTime|getUTC\w+|Time\.current|timezone\.now/i },
  { area: "behaviour", level: "medium", because: "the encoding is no longer named: the machine's default is taken, and other characters than ASCII may be read wrongly", gone: /encoding\s*=|utf-?8|StandardCharsets|charset|Encoding\.UTF8|mb_\w+\(/i },
  { area: "money", level: "high", because: "exact decimals become binary floating point: rounding errors, cents get lost in sums", gone: /\bDecimal\b|BigDecimal|\bdecimal\b|\bNUMERIC\b|\bMoney\b|bcadd|Rational|\bcents\b|BigInt\b/i, instead: /\bDecimal\b|BigDecimal|\bdecimal\b|\bNUMERIC\b|\bMoney\b|bcadd|Rational|\bcents\b|BigInt\b/, come: /\bfloat(?:32|64)?\b|\bdouble\b|parseFloat|Number\(|\bREAL\b|\bf(?:32|64)\b|\bFloat\b/i },
  { area: "authentication", level: "high", because: "input is no longer escaped or sanitised: an injection (XSS, SQL or a command) where it comes from outside", gone: /\bescape\w*\(|html_?escape|sanitiz|sanitis|htmlspecialchars|htmlentities|encodeURIComponent|shlex\.quote|escapeshellarg|DOMPurify|bleach|strip_tags|quote_ident|mysqli_real_escape|\bh\(|encodeForHTML|HtmlEncode|template\.HTMLEscape|strip_tags|CGI\.escape|autoescape/ },
  { area: "authentication", level: "high", because: "input is no longer validated: what was refused before goes through unchecked", gone: /@(?:Valid|Validated|NotNull|NotBlank|Size|Pattern|Min|Max|Email|IsEmail|IsString|validator|field_validator)\b|\.(?:safeParse|parse|validate|validateSync|check|is_valid|full_clean)\(|\bvalidates?\s|validate_\w+|\bis_?valid\w*|\[Required\]|\[StringLength|FILTER_VALIDATE|\bjsonschema\b|\bassert\w*\(|\.(?:isInteger|isFinite|isSafeInteger)\(|isinstance\(|Joi\.|\bz\.\w+\(|\.test\(|allowlist|whitelist|ALLOWED_\w+|\brequired\b\s*[:=]\s*true/ },
  { area: "cryptography", level: "high", because: "a comparison that takes the same time always is replaced: the time that it takes tells how much was right (timing attack)", gone: /timingSafeEqual|compare_digest|ConstantTimeCompare|constant_time|ct_eq|hash_equals|MessageDigest\.isEqual|FixedTimeEquals|secure_compare|hmac\.Equal|CRYPTO_memcmp|crypto_verify/ },
  { area: "cryptography", level: "high", because: "a signature, a digest or a certificate is no longer verified: what somebody changed is taken as genuine", gone: /\bverif(?:y|ies|ied|ier|ication)\w*\s*[(:=]|\bVerify\w*\(|checksum|sha256sum|integrity=|gpg\s+--verify|cosign\s+verify|validateSignature|CheckSignature|signature\s*[!=]=|\bhmac\b/i },
  { area: "behaviour", level: "medium", because: "a check for something that may be absent is gone: null or undefined gets through and fails later", gone: /[!=]==?\s*(?:null|undefined|nil|None|NULL|nullptr)\b|\bis (?:not )?None\b|\?\.|\?\?|\bOptional\b|\.nil\?|\.present\?|isset\(|\bempty\(|Objects\.requireNonNull|\.is_some\(\)|unwrap_or|\bisNull\(|\bguard let\b|\bif let\b|orElse|@Nullable|\.get\(\w+,\s*\w+/ },
  { area: "error handling", level: "high", because: "an error is no longer looked at: it is swallowed or ends the program, and whoever calls is not told", gone: /\bif err\b|\berr != nil|\bcatch\b|\bexcept\b|\brescue\b|\.catch\(|on_error|onerror|errors?\.(?:Is|As|Wrap)|map_err|\?;|throw new|raise\s+\w|return\s+err\b|Err\(|set -e\b|set -o (?:errexit|pipefail)|pipefail|\$\?|check=True|\.ok_or|throw\b|check_call|raise_for_status|ensureSuccess|EnsureSuccessStatusCode|\bassert\b|panic\(/i },
  { area: "build and CI", level: "medium", because: "it is no longer pinned to one content: what runs may be another thing tomorrow", gone: /@sha256:[0-9a-f]{16}|@[0-9a-f]{40}\b|integrity["']?\s*[:=]|--frozen-lockfile|--require-hashes|npm ci\b|--locked\b|hashes?:/ },
  { area: "network", level: "high", because: "it is no longer encrypted: whoever stands between reads it", gone: /https:\/\/|\bwss:\/\/|useSSL=true|ssl\s*[:=]\s*true|sslmode=(?:require|verify)|STARTTLS|\.UseHttps|UseHttpsRedirection|force_ssl|SECURE_SSL_REDIRECT|Strict-Transport-Security|\bHSTS\b/i, instead: /https|wss:|ssl|tls|hsts/i },
  { area: "network", level: "medium", because: "a header that protects readers in their browser is removed (clickjacking, injected scripts)", gone: /Content-Security-Policy|X-Frame-Options|X-Content-Type-Options|helmet|Referrer-Policy|frame-ancestors/i },
  { area: "configuration", level: "high", because: "what protects from deletion or loss is removed: data may be lost", gone: /prevent_destroy|deletion_protection|backup_retention|DeletionPolicy|\bRetain\b|versioning|final_snapshot|encrypted\s*=\s*true/i },
  { area: "configuration", level: "medium", because: "what bounds or watches it is removed: it may take all of the machine, or fail unseen", gone: /^\s*(?:limits|resources|livenessProbe|readinessProbe|startupProbe|securityContext|podSecurityContext|networkPolicy|HEALTHCHECK|healthcheck|restartPolicy|MemoryMax|LimitNOFILE)\b/ },
];

const LINE_READ_MAX = 500;
const LINES_READ_MAX = 2_000;
const EACH_FILE_MAX = 5;
/** Of program text that goes as a whole nothing is lost by a line of it. */
const GOES_WHOLE = 60;
const CUE_CHARACTERS_MAX = 80;

/** Each protection once in a file. */
export function lostIn(file: Seen, within: Within): Risk[] {
  if (file.change.status !== "modified" || (file.removed.length > GOES_WHOLE && file.removed.length > 4 * file.added.length)) return [];
  const bare = (lines: Seen["added"]): { line: number; text: string }[] => lines.slice(0, LINES_READ_MAX).map(({ line, text }) => ({ line, text: withoutComment(text.slice(0, LINE_READ_MAX)) })).filter(({ text }) => text !== "");
  const [gone, come] = [bare(file.removed), bare(file.added)];
  const found: Risk[] = [];
  for (const { area, level, because, gone: what, instead = what, come: needed } of LOST) {
    const hit = gone.find(({ text }) => what.test(text));
    if (hit === undefined || found.length >= EACH_FILE_MAX || come.some(({ text }) => instead.test(text)) || (needed !== undefined && !come.some(({ text }) => needed.test(text)))) continue;
    const name = within("removed", hit.line, hit.text);
    found.push({ area, level, because, path: file.path, line: null, name: null, cue: (what.exec(hit.text)?.[0] ?? "").trim().slice(0, CUE_CHARACTERS_MAX), ...(name === null ? {} : { within: name }) });
  }
  return found;
}

/** What protects and was not there: told of what a change is for, so only where little else comes. */
export function gainedIn(file: Seen): { readonly area: Area; readonly because: string }[] {
  const FEW = 20;
  if (file.change.status !== "modified" || file.added.length > FEW + file.removed.length) return [];
  const bare = (lines: Seen["added"]): string[] => lines.slice(0, LINES_READ_MAX).map(({ text }) => withoutComment(text.slice(0, LINE_READ_MAX))).filter((text) => text !== "");
  const [gone, come] = [bare(file.removed), bare(file.added)];
  return LOST.flatMap(({ area, because, gone: what }) => (come.some((text) => what.test(text)) && !gone.some((text) => what.test(text)) ? [{ area, because }] : []));
}
