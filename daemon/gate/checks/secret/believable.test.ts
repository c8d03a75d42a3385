import { describe, expect, test } from "bun:test";
import { checksummedToken, randomText } from "../../../testing/tokens.ts";
import { believable, looksRandom, tokenChecksum } from "./believable.ts";

describe("checksums", () => {
  // 0xCBF43926 is the published check value of CRC-32 over "123456789"; 3jZRME is that number in base 62.
  test("is six base-62 digits of CRC-32, padded", () => {
    expect(tokenChecksum("")).toBe("000000");
    expect(tokenChecksum("123456789")).toBe("3jZRME");
    expect(tokenChecksum(randomText("pad", 30))).toMatch(/^[0-9A-Za-z]{6}$/);
  });

  test("decides for GitHub and npm tokens: one changed character makes it nobody's", () => {
    for (const prefix of ["ghp", "gho", "ghu", "ghs", "ghr", "npm"]) {
      const value = checksummedToken(prefix, prefix);
      expect(believable({ provider: "github", value })).toBe(true);
      const other = value[10] === "a" ? "b" : "a";
      expect(believable({ provider: "github", value: value.slice(0, 10) + other + value.slice(11) })).toBe(false);
    }
  });
});

describe("randomness", () => {
  test.each(["x".repeat(36), "1234567890abcdefghijklmnopqrstuvwxyz", "abcdefghij0123456789ABCDEFGHIJ012345", "0123456789abcdef0123456789abcdef", "aaaa1111bbbb2222cccc3333"])("%s is typed, not drawn", (text) => {
    expect(looksRandom(text)).toBe(false);
  });

  test("drawn text passes, in base 62 and in hex", () => {
    for (let seed = 0; seed < 200; seed += 1) {
      expect(looksRandom(randomText(`b62 ${seed}`, 36))).toBe(true);
      expect(looksRandom(randomText(`hex ${seed}`, 40, "0123456789abcdef"))).toBe(true);
    }
  });
});

describe("passwords in addresses", () => {
  const believed = (value: string) => believable({ provider: "database-connection-string", value });
  const password = randomText("pw", 16);

  test("a real-looking password at a public host", () => {
    expect(believed(`postgres://app:${password}@db.acme.io:5432/app`)).toBe(true);
  });

  test.each([
    `postgres://app:${password}@localhost:5432/app`, `postgres://app:${password}@127.0.0.1/app`, `postgres://app:${password}@db/app`, `postgres://app:${password}@db.example.com/app`,
    `postgres://app:${password}@postgres:5432/app`, "postgres://postgres:postgres@db.acme.io/app", "mongodb://user:mypassword1234@db.acme.io/app", "mysql://app:hunter2@db.acme.io",
  ])("%s is a development default", (value) => {
    expect(believed(value)).toBe(false);
  });
});

test("words that only examples carry", () => {
  const value = `${"gh"}p_EXAMPLE${randomText("e", 23)}`;
  expect(believable({ provider: "github", value: value + tokenChecksum(value.slice(4)) })).toBe(false);
  expect(believable({ provider: "stripe", value: `sk_live_FAKE${randomText("f", 24)}` })).toBe(false);
});
