/**
 * Text as it stands in requests to models, made for this purpose: what has to go in the forms of many countries, and
 * what looks like it and has to stay. Numbers are nobody's where a plan keeps some for that; check digits are computed.
 */
import type { PiiClass } from "../../../../../proto/routing.ts";
import { checksummedToken, randomText } from "../../../../testing/tokens.ts";

export interface Case {
  readonly text: string;
  /** How many of each class a reader finds. */
  readonly holds: Partial<Record<PiiClass, number>>;
}

const one = (of: PiiClass, texts: readonly string[]): Case[] => texts.map((text) => ({ text, holds: { [of]: 1 } }));

/** ISO 13616: check digits of a country and its account, mod 97-10. */
function iban(country: string, account: string, spaced = false): string {
  let rest = 0n;
  for (const character of `${account}${country}00`) rest = (rest * (/[0-9]/.test(character) ? 10n : 100n) + BigInt(Number.parseInt(character, 36))) % 97n;
  const bare = `${country}${String(98n - rest).padStart(2, "0")}${account}`;
  return spaced ? bare.replaceAll(/(.{4})(?=.)/g, "$1 ") : bare;
}

/** Digits with their Luhn digit behind them. */
function card(digits: string, group = ""): string {
  let sum = 0;
  for (const [i, digit] of [...digits].reverse().entries()) {
    const value = i % 2 === 0 ? Number(digit) * 2 : Number(digit);
    sum += value > 9 ? value - 9 : value;
  }
  const whole = `${digits}${(10 - (sum % 10)) % 10}`;
  return group === "" ? whole : whole.replaceAll(/(\d{4})(?=\d)/g, `$1${group}`);
}

const EMAILS = one("email", [
  "please write to jane.doe@example.com about it", "contact: JOHN.SMITH@EXAMPLE.CO.UK", "<li.wei@example.com.cn>", "mailto:müller@exämple.de", "o'brien@example.ie said no", "first+tag@sub.mail.example.org",
  "user_name%x@example.io wrote", "q@q.io", "ο.παπαδόπουλος@example.gr", "иванов@пример.рф", "send to kontakt@firma.example.pl; thanks", "reply-to=anna-maria@example.se", "{\"email\":\"p.santos@example.com.br\"}",
  "jane%40example.org in the query", "jane&#64;example.org in the page", "jane＠example．org in wide letters", "jane [at] example [dot] org", "jane(at)example.org", "jane at example dot org", "ja\u200bne@exam\u00adple.org",
  "dev@openai.com reported it", "root@mail.internal.example.net", "x1@123.example", "cc:a.b-c@d-e.example.nl,", "von: k.sato@example.co.jp", "noreply@example.com", "git blame says t.nguyen@example.vn", "j@xn--exmple-cua.de",
]);

const PHONES = one("phone", [
  "call +1 212 555 0123", "+1-800-555-0199 is the line", "(212) 555-0187", "212-555-0164", "212.555.0134", "1 (415) 555-0132", "+44 20 7946 0958", "020 7946 0321", "07700 900123", "+44 (0)161 496 0333",
  "+49 30 23125 042", "030 / 23125 042", "0171 3920123", "(030) 23125-042", "+33 1 99 00 12 34", "01 99 00 56 78", "06 39 98 12 34", "06.39.98.56.78", "+39 06 5550 1234", "tel. 06 5550 1234", "+34 612 345 678", "móvil 612 345 678",
  "+351 912 345 678", "+31 6 12345678", "06-12345678", "+32 470 12 34 56", "0470 12 34 56", "+41 44 668 18 00", "044 668 18 00", "+43 1 58858", "+46 8 123 456 78", "08-123 456 78", "tel 912 34 567", "+47 912 34 567", "+45 20 12 34 56", "+358 40 123 4567", "040 123 4567",
  "+48 501 234 567", "numer 501 234 567", "+420 601 123 456", "+36 30 123 4567", "06 30 123 4567", "+40 721 234 567", "0721 234 567", "+30 210 123 4567", "+90 532 123 45 67", "0532 123 45 67", "+7 495 123-45-67", "8 (495) 123-45-67", "тел. 495 123-45-67",
  "+380 44 123 4567", "+972 50-123-4567", "050-123-4567", "+971 50 123 4567", "+20 100 123 4567", "+27 82 123 4567", "082 123 4567", "+234 803 123 4567", "0803 123 4567", "+254 712 345678", "0712 345678", "+91 98765 43210", "98765 43210", "+92 300 1234567",
  "+86 138 1234 5678", "138 1234 5678", "电话 13812345678", "+81 90-1234-5678", "090-1234-5678", "03-1234-5678", "+82 10-1234-5678", "010-1234-5678", "+65 9123 4567", "phone: 9123 4567", "+60 12-345 6789", "012-345 6789", "+62 812-3456-789", "0812-3456-789", "+63 917 123 4567", "+84 912 345 678", "+61 491 570 156", "0491 570 156", "(02) 5550 1234", "+64 21 123 4567", "021 123 4567",
  "+55 11 91234-5678", "(11) 91234-5678", "+54 9 11 1234-5678", "+52 55 1234 5678", "+56 9 1234 5678", "+57 300 1234567", "0049 30 23125042", "00 33 1 99 00 12 34", "tel:+493023125042", "fax 23125042", "whatsapp me at 5550142", "+٤٩ ١٧١ ٣٩٢٠١٢٣",
]);

const IBANS = one("iban", [
  iban("DE", "370400440532013000"), iban("DE", "370400440532013000", true), iban("GB", "WEST12345698765432", true), iban("FR", "20041010050500013M02606", true), iban("ES", "21000418450200051332", true), iban("IT", "X0542811101000000123456", true), iban("NL", "ABNA0417164300", true), iban("BE", "539007547034", true),
  iban("CH", "00762011623852957", true), iban("AT", "1904300234573201"), iban("PL", "109010140000071219812874", true), iban("SE", "50000000058398257466"), iban("NO", "86011117947"), iban("DK", "00400440116243", true), iban("FI", "12345600000785"), iban("IE", "AIBK93115212345678", true), iban("PT", "000201231234567890154", true),
  iban("GR", "0110125000000012300695", true), iban("CZ", "08000000192000145399"), iban("HU", "117730161111101800000000", true), iban("RO", "AAAA1B31007593840000"), iban("TR", "0006100519786457841326", true), iban("SA", "8000000608010167519"), iban("AE", "0331234567890123456", true), iban("BR", "00360305000010009795493P1"), iban("MT", "MALT011000012345MTLCAST001S"),
].map((account, i) => [`pay to ${account} today`, `IBAN: ${account}`, `${account}`, `${account.toLowerCase()} works too`][i % 4]!));

const CARDS = one("card", [
  card("411111111111111"), card("411111111111111", " "), card("555555555555444", "-"), card("222300004841001", " "), card("37828224631000"), "3782 822463 10005", card("601111111111111", " "), card("353011133330000"), card("3056930902590"), "3056 930902 5904", card("620000000000000", " "), card("450664578012345"), card("510510510510510", " "), "٤١١١ ١١١١ ١١١١ ١١١١",
].map((number, i) => [`charged ${number}.`, `card=${number}`, `number ${number}, exp 12/29`][i % 3]!));

const jwt = (): string => [`{"alg":"HS256","typ":"JWT"}`, `{"sub":"1234567890","iat":1516239022}`].map((part) => Buffer.from(part).toString("base64url")).concat(randomText("jwt", 43)).join(".");
const TOKENS = one("token", [
  `token ${checksummedToken("ghp", "a")}`, `export GH_TOKEN=${checksummedToken("ghs", "b")}`, `//registry/:_authToken=${checksummedToken("npm", "c")}`, `key is sk-${randomText("d", 48)}`, `AKIA${randomText("e", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")} leaked`, `glpat-${randomText("f", 20)}`, `xoxb-${randomText("g", 11, "0123456789")}-${randomText("h", 24)}`, `hf_${randomText("i", 34)}`,
  `postgres://app:${randomText("j", 16)}@db.acme.io/app`, `https://user:hunter2@git.acme.io/x`, `Authorization: Bearer ${randomText("k", 40)}`, `authorization: basic ${Buffer.from("user:secretpw").toString("base64")}`, `password: hunter2x`, `PASSWORD="correct-horse"`, `api_key=${randomText("l", 32, "0123456789abcdef")}`, `client_secret: ${randomText("m", 24)}`, `curl -H "X-Token: ${randomText("n", 40)}"`, `jwt ${jwt()}`,
  `-----BEGIN ${"PRIVATE"} KEY-----\n${randomText("o", 64)}\n-----END ${"PRIVATE"} KEY-----`, `-----BEGIN RSA ${"PRIVATE"} KEY-----\n${randomText("p", 64)}`, `aws_secret_access_key = ${randomText("q", 40)}`, `dckr_pat_${randomText("r", 27)}`, `passwort=geheim99`, `?access_token=${randomText("s", 30)}&x=1`,
]);

/** Some given names are common and listed, others are not; a rule without a list has only what stands around them. */
const NAMES = one("person", [
  "Maria Schmidt asked for it", "reported by Olumide Adeyemi", "Dear Ms. Nakamura,", "Hi Priya, please look", "assigned to Björn Sørensen", "Signed-off-by: Wei Zhang", "my name is Fatima al-Zahra", "ich heiße Jürgen Müller", "je m'appelle Amélie Dubois", "me llamo José García Márquez", "Herr Schulze war da", "Frau Dr. Weber ruft an", "Mme Lefèvre a appelé", "Señor Ramírez llamó",
  "Co-authored-by: Anna Kowalska", "Reviewer: Giovanni Rossi", "customer: Chidi Okonkwo", "as John F. Kennedy said", "with Vincent van Gogh", "from Peter Müller-Lüdenscheidt", "thanks, Lars", "ask Sakura to test", "Regards, Thomas", "Меня зовут Наталья Иванова", "спросил Дмитрий Соколов", "patient: Aisha Mohammed", "Kunde: Hans Meier", "cc Ivan Petrov", "approved by Sean O’Connor",
  "Dear Thandiwe,", "Liebe Annegret,", "Cher Monsieur Bernard,", "Prof. Ito presented", "Dr. Nguyễn signed", "on behalf of Kwame Mensah", "spoke with Ingrid Larsen", "Mrs Patel is waiting", "written by Luca de Santis", "meet Elif Yılmaz", "user: Mateus Oliveira Costa", "Daniel Levi bought two", "Sofia Papadopoulou wrote back", "we told Ahmed Hassan", "Emma Watson-Jones left", "contact Nikolai Volkov",
  // Nothing here tells a rule that they are names.
  "Thandiwe Mabaso wants it", "Siobhán is on leave", "王伟 reported it", "田中太郎さんから", "김민수 님이 요청", "tran van minh called", "MARIA SCHMIDT", "olumide's laptop", "Sundar said so", "Nakamura wants a refund",
]);

const HARMLESS: Case[] = [
  "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==", "d41d8cd98f00b204e9800998ecf8427e is empty", "550e8400-e29b-41d4-a716-446655440000", "gate:abcdefghijklmnopqrstuvwxyz", "v1.2.3-rc.4+build.5", "lodash@4.17.21", "@scope/pkg@1.2.3", "react@18.2.0-beta.rc",
  "git@host:org/repo", "user@host", "192.168.100.200", "10.0.0.1:8080", "2001:db8::8a2e:370:7334", "2026-11-22T16:53:47Z", "2026-11-22 16:53", "22.11.2026 10 files", "11/22/2026", "1795392000000 ms", "1700000000", "id 1234567890", "order 100200300400", "0000012345", "line 1234, column 56", "pid 31337, 4096 bytes", "1 234 567 rows", "12,345,678.90", "3.14159265358979", "0.1 0.25 0.125 0.5", "0.02 0.125 0.333333", "100-200-300", "port 8080-8090",
  "4111 1111 1111 1112 is wrong", "DE88 3704 0044 0532 0130 02 is wrong", "GB00 TEST", "isbn 978-3-16-148410-0", "ISBN 9783161484100", "ean 4006381333931", "0x1234567890abcdef", "deadbeef", "base64 aGVsbG8gd29ybGQ=", "src/daemon/learning/episodes/index.ts:42", "https://example.org/a/b?c=1&d=2", "https://example.org/2026/11/22/post", "SELECT * FROM t WHERE id IN (1, 2, 3)", "for (let i = 0; i < 10; i += 1) {}", "#12345", "PR 1234", "RFC 9457 section 3.1", "E.164", "UTF-8", "ISO 8601", "CVE-2024-12345", "+1 -2 +3", "@@ -1,3 +4,12 @@", "a+12345678",
  "password: required", "token: null", "secret santa", "password=${DB_PASSWORD}", "api_key: <your key>", "the token expired", "max_tokens: 4096", "tokens=123456", "Authorization: none", "total_tokens: 1048576", "process.env.API_KEY", "bearer of news",
  "The Java Server called from Los Angeles", "Hello World", "Hi there", "Dear Team,", "Thanks Everyone", "Hi Claude, please fix the build", "Regards", "Monte Carlo Method", "San Francisco Cloud", "Los Angeles", "Visual Studio Code", "Internal Server Error", "Content-Type: application/json", "Name: Value", "user: Admin", "Author: Dependabot", "Model Context Protocol", "Open Policy Agent", "Kafka Streams", "Apache Spark on Kubernetes", "Black Friday Sale", "New York City", "Bayes Theorem", "Nash Equilibrium", "Error: Connection Refused", "FROM Users WHERE Id = 1", "Do not use Math Random", "reviewed by the Policy Team", "Use Ruby Gems or Julia Language", "Ask Support",
  "+20261122 rows", "icon@2x.png", "actions/checkout@v4", "12-34-56", "00:1A:2B:3C:4D:5E", "1e10", "16777216 colours", "52.5200, 13.4050", "temperature 0.7, top_p 0.95", "retry 3 of 10 in 250 ms", "0123-4567-89ab-cdef", "ticket ABC-1234567",
].map((text) => ({ text, holds: {} }));

/** Written after the rules were done and never used to change one: what they do to text that nobody had in mind. */
export const HELD_OUT: readonly Case[] = [
  ...one("email", ["bounce to k.lindqvist@posteo.example!", "(alice@a.b.example)", "x=bob_99@example.museum&y", "To:eve@example.ac.nz", "mallory -at- example.com", "trent AT example DOT com"]),
  ...one("phone", ["ring 0161 496 0777 after six", "+1 (646) 555 0111 ext. 4", "mob 07700-900-456", "0033199001299", "Telefon: 0211-5550123", "+353 1 555 0123", "mein Handy 0151/23456789", "dial 555 0123", "020 555 0123", "+885512345678", "my number is 4155550132", "06-1234 5678"]),
  ...one("iban", [`konto ${iban("DE", "500105175407324931", true)} bitte`, `${iban("LU", "0019400644750000")}`, `iban=${iban("EE", "2200221020145685")};`, `${iban("UA", "3052990000026007233566001", true)}`, `${iban("LT", "100001101001 1000".replace(" ", ""), true)} ok`]),
  ...one("card", [`pan ${card("424242424242424", "-")} cvv 123`, `${card("400000000000000")}`, `amex ${card("37144963539843")}`, `{"card":"${card("520082828282821")}"}`]),
  ...one("token", [`sk_live_${randomText("ha", 24)}`, `github_pat_${randomText("hb", 22)}_${randomText("hc", 59)}`, `secret=${randomText("hd", 20)}`, `redis://:${randomText("he", 18)}@cache:6379`, `x-api-key: ${randomText("hf", 40)}`, "my password is hunter2", `${randomText("hg", 32, "0123456789abcdef")} is the Datadog key`]),
  ...one("person", ["Rosa Parks sat down", "signed, Tendai", "Hello Frau Kaminski", "bought by Hiroshi Tanaka", "Yusuf's order", "invoice for Mbali Dlamini", "PS: greet Katarzyna from me", "Guadalupe called twice", "Dr Singh is out", "Name: Ngozi Eze", "van Dijk, Pieter", "sent to Lukas Brandt yesterday"]),
  ...["release 2026.11.22-1", "build 20261122.3", "node-20.20.0-linux-x64", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "range 100-200", "ISSN 2049-3630", "doi:10.1000/182", "1,795,392,000 tokens", "Chapter Eleven", "Google Cloud Storage", "Prometheus Alert Manager", "Monday Morning Standup", "Hi all", "password reset mail", "token budget 4096", "git+ssh://git@host/repo.git", "lat 52.5200 lon 13.4050", "Christian Era", "Victoria Station", "Santa Barbara", "Jenkins Job", "Ada Language"].map((text) => ({ text, holds: {} })),
];

export const CORPUS: readonly Case[] = [...EMAILS, ...PHONES, ...IBANS, ...CARDS, ...TOKENS, ...NAMES, ...HARMLESS];
