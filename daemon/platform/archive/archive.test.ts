/** Each case is named after the attack it carries. What is refused is refused before anything was given away of it. */
import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { utf8 } from "../../../proto/encoding.ts";
import { ArchiveError } from "./error.ts";
import { gunzip } from "./gzip.ts";
import { readTar } from "./tar.ts";
import { tar, tarGz, type Entry } from "./testing/tar.ts";

const LIMITS = { entries_max: 16 };
const file = (name: string, more: Partial<Entry> = {}): Entry => ({ name, content: "x", ...more });

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ArchiveError) return error.message;
    throw error;
  }
  return "was read";
}

describe("tar", () => {
  test("honest: names, prefixes and contents as tar(1) wrote them and reads them", () => {
    const entries = [file("a"), file("deep/er/b", { content: "y".repeat(700) }), file("c", { fields: { 345: "very/long/prefix" } })];
    const files = readTar(tar(entries), LIMITS);
    expect([...files].map(([name, content]) => [name, content.length])).toEqual([["a", 1], ["deep/er/b", 700], ["very/long/prefix/c", 1]]);
    const listed = Bun.spawnSync(["tar", "-tf", "-"], { stdin: tar(entries) }).stdout.toString();
    expect(listed.trim().split("\n")).toEqual([...files.keys()]);
    expect(readTar(tar([]), LIMITS).size).toBe(0);
  });

  const attacks: readonly (readonly [attack: string, bytes: Uint8Array, why: RegExp])[] = [
    ["escape by dots", tar([file("../escape")]), /could lead out/],
    ["escape by dots in the middle", tar([file("a/../../escape")]), /could lead out/],
    ["escape by dots in the prefix", tar([file("x", { fields: { 345: "../.." } })]), /could lead out/],
    ["absolute name", tar([file("/etc/passwd")]), /could lead out/],
    ["absolute name by the prefix", tar([file("passwd", { fields: { 345: "/etc" } })]), /could lead out/],
    ["dot", tar([file("a/./b")]), /could lead out/],
    ["empty part", tar([file("a//b")]), /could lead out/],
    ["trailing slash", tar([file("a/")]), /could lead out/],
    ["empty name", tar([file("")]), /could lead out/],
    ["backslash", tar([file("a\\..\\b")]), /no name needs/],
    ["line break in a name", tar([file("a\nb")]), /no name needs/],
    ["escape sequence in a name", tar([file("a\x1b[2Jb")]), /no name needs/],
    ["second name behind a zero byte", tar([file("good", { fields: { 5: "../evil" } })]), /goes on behind its end/],
    ["name that is not UTF-8", tar([file("a", { fields: { 0: new Uint8Array([0xff]) } })]), /not UTF-8/],
    ["duplicate name", tar([file("a"), file("b"), file("a")]), /"a" stands in it twice/],
    ["duplicate name by the prefix", tar([file("p/a"), file("a", { fields: { 345: "p" } })]), /"p\/a" stands in it twice/],
    ["file where a folder was", tar([file("a/b"), file("a")]), /"a" stands in it twice/],
    ["folder where a file was", tar([file("a"), file("a/b")]), /as a file and as a folder/],
    ["symbolic link out", tar([file("l", { kind: "2", content: "", fields: { 157: "/etc/shadow" } })]), /a symbolic link/],
    ["hard link out", tar([file("l", { kind: "1", content: "", fields: { 157: "../../etc/shadow" } })]), /a hard link/],
    ["link target on a regular file", tar([file("l", { fields: { 157: "/etc/shadow" } })]), /names a link's target/],
    ["character device", tar([file("null", { kind: "3", content: "" })]), /a character device/],
    ["block device", tar([file("sda", { kind: "4", content: "" })]), /a block device/],
    ["folder", tar([file("d", { kind: "5", content: "" })]), /a folder/],
    ["pipe", tar([file("p", { kind: "6", content: "" })]), /a pipe/],
    ["pax header that renames the next entry", tar([file("PaxHeaders/a", { kind: "x", content: "22 path=../../escape\n" }), file("a")]), /a pax header/],
    ["pax header that resizes all entries", tar([file("pax_global", { kind: "g", content: "12 size=999\n" }), file("a")]), /a pax header for all/],
    ["GNU long name", tar([file("././@LongLink", { kind: "L", content: "../escape" }), file("a")]), /a GNU long name/],
    ["GNU long link name", tar([file("././@LongLink", { kind: "K", content: "/etc/shadow" }), file("a")]), /a GNU long link name/],
    ["sparse file that unpacks to a terabyte", tar([file("s", { kind: "S" })]), /a sparse file/],
    ["kind of nobody's", tar([file("q", { kind: "Q" })]), /of an unknown kind/],
    ["GNU magic, whose prefix field means something else", tar([file("a", { fields: { 257: "ustar  \0" } })]), /not in the ustar format/],
    ["no magic", tar([file("a", { fields: { 257: "\0\0\0\0\0\0\0\0" } })]), /not in the ustar format/],
    ["size past the end", tar([file("a", { stated_size: 1 << 20 })]), /ends inside an entry/],
    ["size of eight gigabytes", tar([file("a", { stated_size: 0o77777777777 })]), /ends inside an entry/],
    ["size in base 256", tar([file("a", { fields: { 124: new Uint8Array([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) } })]), /size of an entry is not an octal/],
    ["negative size", tar([file("a", { fields: { 124: "-0000000001\0" } })]), /size of an entry is not an octal/],
    ["size smaller than the content, which then passes for an entry", tar([file("a", { content: tar([file("../inner")]), stated_size: 0 })]), /could lead out/],
    ["something hidden in the padding", tar([file("a", { padding: 7 })]), /hidden behind the end of "a"/],
    ["something behind the end mark", Buffer.concat([tar([file("a")]), tar([file("b")])]), /behind the archive's end mark/],
    ["half an end mark", tar([file("a")]).subarray(0, -512), /without its end mark/],
    ["cut in a header", tar([file("a")]).subarray(0, 100), /without its end mark/],
    ["nothing at all", new Uint8Array(), /without its end mark/],
    ["broken checksum", tar([file("a", { broken_checksum: true })]), /checksum does not match/],
    ["a million entries", tar(Array.from({ length: 17 }, (_, i) => file(`f${i}`))), /more than 16 entries/],
  ];
  test.each(attacks)("attack: %s", (_attack, bytes, why) => {
    expect(refusal(() => readTar(bytes, LIMITS))).toMatch(why);
  });

  test("where one leading slash is the custom, one is taken off and a second one is refused", () => {
    const slash = { ...LIMITS, one_leading_slash: true };
    expect([...readTar(tar([file("/a")]), slash).keys()]).toEqual(["a"]);
    expect(refusal(() => readTar(tar([file("//a")]), slash))).toMatch(/could lead out/);
    expect(refusal(() => readTar(tar([file("/a"), file("a")]), slash))).toMatch(/twice/);
    expect(refusal(() => readTar(tar([file("/../a")]), slash))).toMatch(/could lead out/);
  });

  test("every change of one byte is refused or gives plain relative names alone", () => {
    const bytes = tar([file("dir/a", { content: "some content" }), file("b")]);
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const mutant = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 0x2e : byte));
      if (refusal(() => readTar(mutant, LIMITS)) !== "was read") refused += 1;
      else expect([...readTar(mutant, LIMITS).keys()].join(" ")).toBe("dir/a b");
    }
    // All but the contents themselves: 12 and 1 bytes.
    expect(refused).toBe(bytes.length - 13);
  });

  test("a header on the whole garbage is never read, nor does it crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 1_600 }), (bytes) => {
        expect(refusal(() => readTar(bytes, LIMITS))).toMatch(bytes.length >= 1_024 && bytes.every((byte) => byte === 0) ? /was read/ : /./);
      }),
    );
  });
});

const UNPACK = { packed_bytes_max: 1 << 20, unpacked_bytes_max: 1 << 20, ratio_max: 100 };

describe("gzip", () => {
  test("honest: what gzip wrote, with and without a name in its header", () => {
    const text = "some words and some more\n".repeat(40);
    expect(gunzip(gzipSync(text), UNPACK)).toEqual(Buffer.from(text));
    const named = gzipSync(text);
    const header = Uint8Array.from(named.subarray(0, 10));
    header[3] = 0x08 | 0x04;
    expect(gunzip(Buffer.concat([header, utf8("\x03\0abcname\0"), named.subarray(10)]), UNPACK)).toEqual(Buffer.from(text));
    expect(gunzip(Bun.spawnSync(["gzip", "-c"], { stdin: utf8(text) }).stdout, UNPACK)).toEqual(Buffer.from(text));
  });

  const whole = gzipSync("hello");
  const flipped = (at: number): Uint8Array => Uint8Array.from(whole, (byte, i) => (i === (at + whole.length) % whole.length ? byte ^ 1 : byte));
  const cases: readonly (readonly [attack: string, bytes: Uint8Array, why: RegExp])[] = [
    ["bomb by ratio", gzipSync(new Uint8Array(900_000)), /unpacks to more than \d+ bytes/],
    ["bomb by size", gzipSync(Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * i) >> 3))), /unpacks to more than 1048576 bytes|limit 1048576/],
    ["packed bytes over their limit", new Uint8Array((1 << 20) + 1), /limit 1048576/],
    ["second member, which some programs do not read", Buffer.concat([whole, whole]), /behind the end/],
    ["zeros behind the end", Buffer.concat([whole, new Uint8Array(8)]), /behind the end/],
    ["words behind the end", Buffer.concat([whole, utf8("more")]), /behind the end/],
    ["cut", whole.subarray(0, -1), /not a whole/],
    ["cut in the header", whole.subarray(0, 9), /not a whole/],
    ["header that never ends", Uint8Array.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 65, 65, 65]), /not a whole/],
    ["reserved flag", Uint8Array.from(whole, (byte, i) => (i === 3 ? 0x80 : byte)), /not a whole/],
    ["checksum", flipped(-5), /not a whole/],
    ["length", flipped(-1), /not a whole/],
    ["no gzip", utf8("hello"), /not a whole/],
    ["empty", new Uint8Array(), /not a whole/],
  ];
  test.each(cases)("attack: %s", (_attack, bytes, why) => {
    expect(refusal(() => gunzip(bytes, UNPACK))).toMatch(why);
  });

  test("attack: a bomb costs its cap in memory, not its size", () => {
    // 60 MB of zeros, packed to 260 KB.
    const bomb = Bun.spawnSync(["sh", "-c", "head -c 60000000 /dev/zero | gzip -1"]).stdout;
    expect(bomb.length).toBeLessThan(400_000);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    expect(refusal(() => gunzip(bomb, { ...UNPACK, ratio_max: 10_000 }))).toMatch(/more than 1048576/);
    expect(process.memoryUsage.rss() - before).toBeLessThan(32 * 1024 * 1024);
  });

  test("tar in gzip, as a bundle is: both refusals come through", () => {
    expect(refusal(() => readTar(gunzip(tarGz([file("../x")]), UNPACK), LIMITS))).toMatch(/could lead out/);
  });
});
