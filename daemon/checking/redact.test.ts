import { describe, expect, test } from "bun:test";
import { randomText } from "../testing/tokens.ts";
import { cutText, maskedPath, redact, shown } from "./redact.ts";

describe("redact", () => {
  test("text drawn at random is masked, nearly always: it is a second net behind the values the scan knows", () => {
    let missed = 0;
    for (let seed = 0; seed < 500; seed += 1) {
      for (const secret of [randomText(`a${seed}`, 40), randomText(`b${seed}`, 32, "0123456789abcdef"), randomText(`c${seed}`, 43, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")]) {
        if (redact(`key = "${secret}"`).includes(secret)) missed += 1;
      }
    }
    expect(missed).toBeLessThan(15);
  });

  test("values the scan knows are masked whatever they look like, everywhere in the line", () => {
    expect(redact("a hunter2 b hunter2", ["hunter2"])).toBe("a hunt…(7) b hunt…(7)");
  });

  test("a known prefix is enough, and so is a password in an address", () => {
    expect(redact(`${"gh"}p_${"a".repeat(36)}`)).toBe("ghp_…(40)");
    expect(redact("postgres://app:secret@db/x")).toBe("postgres://…:…@db/x");
  });

  test.each(["@aws-crypto/sha256-browser", "github.com/jackc/pgx/v5/pgconn", "src/components/v2/ButtonGroup.tsx", "agent-governance-toolkit-core", "node_modules/brace-expansion/-/brace-expansion-1.1.12.tgz", "rejectsUnauthenticatedAccounts2", "com.example.Foo2BarService"])("%s stays readable", (name) => {
    expect(redact(name)).toBe(name);
  });
});

describe("cutText", () => {
  test("never leaves half a surrogate pair, so canonical JSON takes it", () => {
    const text = "😀".repeat(200);
    for (let max = 2; max < 40; max += 1) expect([cutText(text, max).isWellFormed(), cutText(text, max).length <= max]).toEqual([true, true]);
    expect(shown("\ud800")).toBe("\ufffd");
  });
});

test("attack: a credential in a file's name does not reach the card as a place", () => {
  const token = `${"gh"}p_a8Kx2ZqT7bNc4RmW9vYd1LsF6hPj3E2f3OhS`;
  expect(maskedPath({ u: `dir-${token}/a.test.ts` })).toEqual({ u: "dir-ghp_…(40)/a.test.ts" });
  for (const u of ["src/sk-learn/model_selection.py", "packages/npm_publish_helper_scripts/a.ts", "docs/4b825dc642cb6eb9a060e54bf8d69288fbee4904.md"]) expect(maskedPath({ u })).toEqual({ u });
  expect(maskedPath({ b64: "Zv9v" })).toEqual({ b64: "Zv9v" });
});
