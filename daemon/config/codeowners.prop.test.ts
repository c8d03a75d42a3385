/** The matcher against two others: a slow translation to regular expressions, and git's own ignore rules where the two agree. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { utf8 } from "../../proto/encoding.ts";
import { parseCodeowners } from "./codeowners.ts";

const segment = fc.constantFrom("a", "b", "ab", "*", "a*", "*b", "?", "**", "a*b");
const plain = fc.constantFrom("a", "b", "ab", "aab", "c", "acb");
const patterns = fc.tuple(fc.boolean(), fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean()).map(([root, parts, folder]) => `${root ? "/" : ""}${parts.join("/")}${folder ? "/" : ""}`);
const paths = fc.array(plain, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));

const ours = (pattern: string, path: string): boolean => parseCodeowners(utf8(`${pattern} @a`), "x").ownersOf(path).length > 0;

/** By the letter of the manuals, one character after the other. */
function reference(pattern: string, path: string): boolean {
  const inner = pattern.replace(/^\//, "").replace(/\/$/, "");
  const anchored = pattern.startsWith("/") || inner.includes("/");
  const parts = inner.split("/");
  let source = anchored ? "" : "(?:.*/)?";
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    if (part === "**") source += last ? ".*" : "(?:.*/)?";
    else source += part.replaceAll("*", "[^/]*").replaceAll("?", "[^/]") + (last ? "" : "/");
  }
  const shallow = anchored && !pattern.endsWith("/") && parts.at(-1) === "*";
  source += pattern.endsWith("/") ? "/.*" : shallow ? "" : "(?:/.*)?";
  return new RegExp(`^${source}$`, "s").test(path);
}

test("equals a slow reference over generated patterns and paths", () => {
  fc.assert(
    fc.property(patterns.filter((one) => !one.includes("**")), paths, (pattern, path) => {
      expect([pattern, path, ours(pattern, path)]).toEqual([pattern, path, reference(pattern, path)]);
    }),
    { numRuns: 3_000 },
  );
});

test("equals git's ignore rules, except that a last /* stops at its folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "me-owners-"));
  try {
    Bun.spawnSync(["git", "init", "-q", folder]);
    const many = fc.sample(paths, { numRuns: 200, seed: 11 });
    const input = `${[...new Set(many)].join("\0")}\0`;
    for (const pattern of fc.sample(patterns.filter((one) => !/\*\/?$/.test(one)), { numRuns: 40, seed: 12 })) {
      writeFileSync(join(folder, ".git/info/exclude"), `${pattern}\n`);
      const ran = Bun.spawnSync(["git", "-C", folder, "check-ignore", "--no-index", "--stdin", "-z"], { stdin: Buffer.from(input) });
      const theirs = new Set(ran.stdout.toString().split("\0").filter((path) => path !== ""));
      const mine = new Set([...new Set(many)].filter((path) => ours(pattern, path)));
      expect([pattern, [...mine].sort()]).toEqual([pattern, [...theirs].sort()]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
