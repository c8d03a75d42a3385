import { describe, expect, test } from "bun:test";
import { adding, outcomeOf, placesOf } from "../../testing/checks.ts";
import type { TextChange } from "../../testing/facts.ts";
import { checksummedToken, pemBlock, randomText } from "../../testing/tokens.ts";
import secrets from "./secrets.ts";

const TOKEN = checksummedToken("ghp", "one");
const ED25519 = `MC4CAQAwBQYDK2VwBCIEI${randomText("ed", 43)}`;
const RSA = `MIIEvQIBADANBgkqhkiG9w0BAQEFAASC${randomText("rsa", 1500)}`;

async function tagsOf(changes: readonly TextChange[]) {
  const { findings } = await outcomeOf(secrets, changes);
  return findings.map((finding) => [finding.rule, finding.tags]);
}

describe("secret.token", () => {
  const places = (path: string, text: string) => placesOf(secrets, "secret.token", adding(path, text));

  test.each([
    ["GitHub", () => TOKEN], ["npm", () => checksummedToken("npm", "two")],
    ["GitLab", () => `${"gl"}pat-${randomText("gl", 20)}`], ["Slack", () => `${"xo"}xb-123456789012-1234567890123-${randomText("sl", 24)}`],
    ["Stripe", () => `${"sk"}_live_${randomText("st", 24)}`], ["AWS", () => `aws_secret_access_key = ${randomText("aws", 40)}`],
    ["Anthropic", () => `${"sk"}-ant-api03-${randomText("an", 93)}AA`], ["PyPI", () => `${"py"}pi-AgEIcHlwaS5vcmc${randomText("py", 60)}`],
    ["a database", () => `postgres://app:${randomText("pw", 16)}@db.acme.io/app`], ["Hugging Face", () => `${"h"}f_${randomText("hf", 34, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")}`],
  ])("%s", async (_, value) => {
    expect(await places("src/a.ts", `line\nconst k = "${value()}";\n`)).toEqual(["src/a.ts:2"]);
  });

  test.each([
    ["a wrong checksum", `${"gh"}p_${randomText("wrong", 36)}`], ["a typed sequence", `${"gh"}p_1234567890abcdefghijklmnopqrstuvwxyz`], ["a row of x", `${"gh"}p_${"x".repeat(36)}`],
    ["a variable", "https://user:${TOKEN}@acme.io"], ["a Slack placeholder", `${"xo"}xb-your-token`], ["a compose default", "postgres://postgres:postgres@db:5432/app"],
    ["the documented AWS example", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"], ["an integrity hash", `sha512-${randomText("int", 86)}==`],
  ])("%s is no credential", async (_, value) => {
    expect(await places("src/a.ts", `${value}\n`)).toEqual([]);
  });

  test("only what the change adds: a token already there, or taken out, is not its doing", async () => {
    const line = `const k = "${TOKEN}";\n`;
    expect(await placesOf(secrets, "secret.token", [{ path: "a.ts", old: `${line}a\n`, new: `${line}b\n` }])).toEqual([]);
    expect(await placesOf(secrets, "secret.token", [{ path: "a.ts", old: `${line}a\n`, new: "a\n" }])).toEqual([]);
  });

  test("a re-indented line says that it was at the base", async () => {
    const line = `const k = "${TOKEN}";`;
    expect(await tagsOf([{ path: "a.ts", old: `${line}\n`, new: `  ${line}\n` }])).toEqual([["secret.token", ["at-base"]]]);
  });

  test("a redaction test with a valid token says that it is a test path (two real changes of the replay)", async () => {
    expect(await tagsOf(adding("tests/redact.test.ts", `expect(redact("${TOKEN}")).toBe("***");\n`))).toEqual([["secret.token", ["test-path"]]]);
  });

  test("a comment cannot switch the scan off", async () => {
    expect(await places("a.ts", `// secretlint-disable\nconst k = "${TOKEN}"; // secretlint-disable-line\n`)).toEqual(["a.ts:2"]);
  });

  test("CRLF, a missing last newline, a rename, UTF-16 and bytes that are not UTF-8 hide nothing", async () => {
    expect(await places("a.ts", `a\r\nk = "${TOKEN}"\r\n`)).toEqual(["a.ts:2"]);
    expect(await places("a.ts", `k = "${TOKEN}"`)).toEqual(["a.ts:1"]);
    const body = Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join("");
    expect(await placesOf(secrets, "secret.token", [{ path: "b.ts", old_path: "a.ts", old: body, new: `${body}k = "${TOKEN}"\n` }])).toEqual(["b.ts:31"]);
    const utf16 = new Uint8Array(Buffer.from(`\ufeffk = "${TOKEN}"\n`, "utf16le"));
    expect(await placesOf(secrets, "secret.token", [{ path: "a.ps1", old: null, new: utf16 }])).toEqual(["a.ps1:1"]);
    const latin = new Uint8Array([0xe9, 0x20, ...new TextEncoder().encode(`${TOKEN}\n`)]);
    expect(await placesOf(secrets, "secret.token", [{ path: "a.txt", old: null, new: latin }])).toEqual(["a.txt:1"]);
  });

  test("deep inside a long line, and across the edge of a scanned piece", async () => {
    for (const before of [100, 32 * 1024 - 20, 32 * 1024 + 5, 200_000]) {
      const { findings } = await outcomeOf(secrets, adding("dist/a.js", `${"a ".repeat(before / 2)}"${TOKEN}" ${"b ".repeat(50_000)}\n`));
      expect(findings.map((finding) => finding.rule)).toEqual(["secret.token"]);
      expect(findings[0]?.excerpt).toContain("ghp_…(40)");
    }
  });

  test("lines that are not neighbours never make one credential", async () => {
    const value = randomText("split", 40);
    const old = "secret_access_key =\na\nb\nc\nd\ne\nf\ng\nh\n";
    expect(await placesOf(secrets, "secret.token", [{ path: "a.env", old, new: `secret_access_key = \na\nb\nc\nd\ne\nf\ng\nh\n${value}\n` }])).toEqual([]);
  });

  test("in a commit subject, a trailer, the title and a file name", async () => {
    const person = { name: "Ada", email: "ada@example.org" };
    const commit = { oid: "a".repeat(40), parents: [], author: person, committer: person, subject: `use ${TOKEN}`, trailers: [{ key: "Token", value: checksummedToken("npm", "t") }], signed: false };
    const outcome = await outcomeOf(secrets, adding(`notes/${checksummedToken("gho", "p")}.md`, "x\n"), { commits: [commit], title: commit.subject });
    expect(outcome.findings.map((finding) => [finding.range, finding.message.replace(/^.* in /, "")])).toEqual([
      [null, "commit aaaaaaaaa, 40 characters"], [null, "commit aaaaaaaaa, 40 characters"], [null, "the title, 40 characters"], [null, "a file name, 40 characters"],
    ]);
  });
});

describe("secret.private-key", () => {
  const places = (path: string, text: string) => placesOf(secrets, "secret.private-key", adding(path, text));

  test.each([
    ["PKCS #8 Ed25519, shorter than most scanners look for", pemBlock("", ED25519)], ["PKCS #1", pemBlock("RSA ", RSA)], ["SEC 1 elliptic curve", pemBlock("EC ", `MHcCAQEEI${randomText("ec", 150)}`)], ["encrypted", pemBlock("ENCRYPTED ", RSA)],
    ["OpenSSH", pemBlock("OPENSSH ", `b3BlbnNzaC1rZXktdjEAAAAA${randomText("ssh", 300)}`)], ["CRLF", pemBlock("RSA ", RSA).replaceAll("\n", "\r\n")],
    ["a JSON string", `{"private_key": "${pemBlock("", RSA).replaceAll("\n", "\\n")}"}\n`], ["quoted and concatenated lines", pemBlock("", RSA).trim().split("\n").map((line) => `  "${line}\\n" +\n`).join("")],
    ["without its end, so that two halves cannot pass", pemBlock("", RSA).split("\n").slice(0, 12).join("\n")], ["indented in YAML", `key: |\n${pemBlock("", RSA).replaceAll(/^/gm, "  ")}`],
  ])("%s", async (_, text) => {
    expect((await places("deploy/a.txt", text)).length).toBe(1);
  });

  test.each([
    ["code that writes PEM", `return \`${"-----BEGIN"} PRIVATE KEY-----\\n\${body}\\n${"-----END"} PRIVATE KEY-----\`;\n`], ["a public key", pemBlock("", RSA).replaceAll("PRIVATE", "PUBLIC")],
    ["an elided body", `${"-----BEGIN"} RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA...\n${"-----END"} RSA PRIVATE KEY-----\n`], ["a row of x", pemBlock("", `MII${"x".repeat(600)}`)],
    ["a named example", pemBlock("", `MIIEvEXAMPLE${RSA}`)], ["a certificate", pemBlock("", RSA).replaceAll("PRIVATE KEY", "CERTIFICATE")],
  ])("%s is none", async (_, text) => {
    expect(await places("src/a.ts", text)).toEqual([]);
  });

  test("morgan's test fixture says test and fixture path", async () => {
    expect(await tagsOf(adding("test/fixtures/server.key", pemBlock("", RSA)))).toEqual([["secret.private-key", ["test-path", "fixture-path"]]]);
  });

  test("a renewed development key says that one was there (chainloop)", async () => {
    const change = { path: "devel/ca.pem", old: pemBlock("", RSA), new: pemBlock("", `MIIEvQ${randomText("next", 1500)}`) };
    expect(await tagsOf([change])).toEqual([["secret.private-key", ["at-base"]]]);
  });
});

describe("what excuses a key must be a key", () => {
  const marker = `${"-----BEGIN"} PRIVATE KEY-----`;

  test("a marker in code, kept or removed, does not make a new key an old one", async () => {
    const code = `const marker = "${marker}";\n`;
    expect(await tagsOf([{ path: "src/pem.ts", old: code, new: code + pemBlock("", RSA) }])).toEqual([["secret.private-key", []]]);
    expect(await tagsOf([{ path: "src/pem.txt", old: `${marker}\n`, new: pemBlock("", RSA) }])).toEqual([["secret.private-key", []]]);
  });

  test("one key was there and two are now: the second is new", async () => {
    const two = pemBlock("", `MIIEvQ${randomText("next", 1500)}`) + pemBlock("EC ", `MHcCAQEEI${randomText("ec", 150)}`);
    expect((await tagsOf([{ path: "deploy/a.pem", old: pemBlock("", RSA), new: two }])).map(([, tags]) => tags)).toEqual([["at-base"], []]);
  });
});

describe("nothing of a secret leaves", () => {
  test("value, neighbours on its line, and key bodies are masked in the whole outcome", async () => {
    const other = `${"sk"}_live_${randomText("other", 24)}`;
    const outcome = await outcomeOf(secrets, [...adding("a.ts", `use("${TOKEN}", "${other}", "https://app:${randomText("p", 12)}@acme.io");\n`), ...adding("k.pem", pemBlock("", RSA))]);
    const text = JSON.stringify(outcome);
    for (const secret of [TOKEN, other, RSA, randomText("p", 12)]) for (let at = 5; at + 8 <= Math.min(secret.length, 60); at += 1) expect(text).not.toContain(secret.slice(at, at + 8));
    expect(outcome.findings.length).toBe(4);
  });

  test("the fingerprint does not depend on the value, so it cannot confirm a guess", async () => {
    const of = async (value: string) => (await outcomeOf(secrets, adding("a.ts", `k = "${value}"\n`))).findings[0]?.fingerprint as string;
    expect(await of(TOKEN)).toBe(await of(checksummedToken("ghp", "another")));
  });
});

describe("what was not seen is not called clean", () => {
  test.each<[string, TextChange]>([
    ["a file cut at a limit", { path: "a.ts", old: null, new: "x\n", truncated: true }],
    ["settings with a NUL, cut at a limit", { path: "deploy/.env.production", old: null, new: "x", binary_bytes: 50, truncated: true }],
    ["program text called binary", { path: "a.ts", old: null, new: "x", binary_bytes: 50 }],
  ])("%s makes it unavailable", async (_, change) => {
    const outcome = await outcomeOf(secrets, [change]);
    expect([outcome.result, outcome.because !== null]).toEqual(["unavailable", true]);
  });

  test("a decoy key in a fixture does not soften a cut file", async () => {
    const outcome = await outcomeOf(secrets, [...adding("test/fixtures/a.key", pemBlock("", RSA)), { path: "a.ts", old: null, new: "x\n", truncated: true }]);
    expect([outcome.result, outcome.findings.length]).toEqual(["unavailable", 1]);
  });

  test("a cut image is a gap: it was never going to be read as text", async () => {
    expect((await outcomeOf(secrets, [{ path: "a.png", old: null, new: "x", binary_bytes: 50, truncated: true }])).result).toBe("pass");
  });

  test("images, LFS pointers and submodules are gaps", async () => {
    const outcome = await outcomeOf(secrets, [
      { path: "a.png", old: null, new: "x", binary_bytes: 50 }, { path: "b.bin", old: null, new: "version\n", lfs: true }, { path: "sub", old: null, new: "x", mode: "160000" },
    ]);
    expect([outcome.result, outcome.gaps.map((gap) => gap.what)]).toEqual(["pass", ["a.png", "b.bin", "sub"]]);
  });
});

test("findings beyond the limit are counted", async () => {
  const outcome = await outcomeOf(secrets, adding("a.txt", `${TOKEN}\n`.repeat(5100)));
  expect([outcome.findings.length, outcome.findings_cut]).toEqual([5000, 100]);
});
