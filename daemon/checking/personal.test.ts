import { expect, test } from "bun:test";
import fc from "fast-check";
import { maskPersonal } from "./personal.ts";
import { cpuMs } from "../testing/cpu.ts";

test.each([
  ["mail jane.doe+x@mail.example.co.uk now", "mail [e-mail] now"],
  ["Jane <jane@example.org>", "Jane <[e-mail]>"],
  ["pay DE89 3704 0044 0532 0130 00 today", "pay [iban] today"],
  ["GB82WEST12345698765432", "[iban]"],
  ["card 4111 1111 1111 1111.", "card [card]."],
  ["5500-0000-0000-0004", "[card]"],
  ["mail jane@example.org- thanks", "mail [e-mail]- thanks"],
  [`${"a".repeat(70)}@example.org`, "[e-mail]"],
  ["janä@exämple.xn--p1ai, jane%40example.org, jane&#64;example.org, jane\\u0040example.org", "[e-mail], [e-mail], [e-mail], [e-mail]"],
  ["de89-3704-0044-0532-0130-00", "[iban]"],
  ["call +49 / 30 901820441", "call [phone]"],
  ["jane@163.com", "[e-mail]"],
  ["src/mail-jane@canary.example.ts", "src/[e-mail]"],
  ["call +49 (30) 901820-44 or +14155552671", "call [phone] or [phone]"],
])("%s", (text, masked) => {
  expect(maskPersonal(text)).toBe(masked);
});

test.each([
  "git@github.com:org/repo.git", "Co-authored-by: Claude <noreply@anthropic.com>", "@scope/pkg@1.2.3", "lodash@4.17.21", "user@host", "a+12345678", "DE88 3704 0044 0532 0130 02", "4111 1111 1111 1112",
  // A place that is masked is a place that nobody finds.
  "src/assets/icon@2x.png", "img/logo@3x.webp", "node_modules/brace-expansion@1.1.12.tgz", "react@18.2.0-beta.rc", "actions/checkout@v4.1.beta", "img/hero@home.svg", "pkg:npm/%40scope/name@1.2.3", "+20261122 rows",
  "1767225600000", "0000000000000000", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "2026-11-22T16:53:47Z", "+1 -2 +3", "@@ -1,3 +4,12 @@", "sha512-3qK2x9vR+41234567890==",
])("%s is nobody's and stays", (text) => {
  expect(maskPersonal(text)).toBe(text);
});

test("attack: a text made to take long", () => {
  const started_ms = cpuMs();
  for (const part of ["a@", "a.", "+1 ", "4 ", "DE00 ", "a@b.", "1-", "a@b.cc ", "@b.cc", "%40a."]) maskPersonal(part.repeat(100_000));
  expect(cpuMs() - started_ms).toBeLessThan(2_000);
});

test("what is masked stays masked, and nothing of an address is left", () => {
  fc.assert(fc.property(fc.emailAddress({ size: "small" }), fc.string(), (email, around) => {
    const once = maskPersonal(`${around} ${email} ${around}`);
    return maskPersonal(once) === once;
  }), { seed: 42 });
  expect(maskPersonal("x@y.de")).not.toContain("@");
});
