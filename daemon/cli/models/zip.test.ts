/** Archives of Python's zipfile, sound and broken on purpose. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { MaestroError } from "../../../proto/errors.ts";
import { zipMember } from "./zip.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "maestro-zip-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says, where that is not the truth. */
  readonly says?: number;
}

/** APPNOTE.TXT 4.3: local headers with their data, then the directory, then its end. */
function archive(parts: readonly Part[], comment = ""): Buffer {
  const [locals, entries]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, bytes, method = 8, flags = 0, says = bytes.length } of parts) {
    const data = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
    const shared = Buffer.alloc(26);
    for (const [at, value] of [[0, 20], [2, flags], [4, method], [22, Buffer.byteLength(name)]] as const) shared.writeUInt16LE(value, at);
    for (const [at, value] of [[10, crc32(bytes)], [14, data.length], [18, says]] as const) shared.writeUInt32LE(value, at);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), shared, Buffer.from(name), data]);
    const entry = Buffer.alloc(46 + Buffer.byteLength(name));
    entry.write("PK\x01\x02", 0);
    shared.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    entry.write(name, 46);
    locals.push(local);
    entries.push(entry);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, directory, end, Buffer.from(comment)]);
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
async function read(whole: Uint8Array, member = "a/b.bin", bytes_max = 1_000_000): Promise<string> {
  const path = join(dir, "x.whl");
  writeFileSync(path, whole);
  const found: Uint8Array[] = [];
  try {
    for await (const chunk of zipMember(path, member, bytes_max)) found.push(chunk);
  } catch (error) {
    return error instanceof MaestroError ? `${error.code}: ${error.detail.replace(/^.*?: /, "")}` : String(error);
  }
  return Buffer.concat(found).toString();
}

const A: Part = { name: "a/b.bin", bytes: bytes("what is in it".repeat(9_000)) };

test("a member is read whole, packed or stored, beside others and before a comment", async () => {
  const text = Buffer.from(A.bytes).toString();
  expect(await read(archive([{ name: "b.bin", bytes: bytes("other") }, A]))).toBe(text);
  expect(await read(archive([{ ...A, method: 0 }], "a comment"))).toBe(text);
  expect(await read(archive([{ ...A, bytes: bytes("") }]))).toBe("");
});

test("an archive of Python's own is read", async () => {
  const path = join(dir, "python.zip");
  const made = Bun.spawnSync(["python3", "-c", `import zipfile; z = zipfile.ZipFile(${JSON.stringify(path)}, "w", zipfile.ZIP_DEFLATED); z.writestr("a/b.bin", "from python" * 1000); z.close()`]);
  expect([made.exitCode, await read(readFileSync(path))]).toEqual([0, "from python".repeat(1_000)]);
});

const cut = (whole: Buffer, at: number): Buffer => whole.subarray(0, at);
const ATTACKS: readonly (readonly [what: string, whole: Uint8Array, said: string])[] = [
  ["a member that unpacks to more than it says", archive([{ ...A, says: 100 }]), "a/b.bin holds more than the 100 bytes it says"],
  ["a member that unpacks to less than it says", archive([{ ...A, says: 200_000 }]), "a/b.bin holds 117000 of the 200000 bytes it says"],
  ["a bomb: a megabyte and a byte of nothing", archive([{ name: "a/b.bin", bytes: new Uint8Array(1_000_001) }]), "a/b.bin has 1000001 bytes, and 1000000 are expected"],
  ["two members of one name", archive([A, A]), "it has two files called a/b.bin"],
  ["an encrypted member", archive([{ ...A, flags: 1 }]), "a/b.bin is encrypted"],
  ["a method nobody here unpacks", archive([{ ...A, method: 12 }]), "a/b.bin is packed by method 12"],
  ["another spelling of the path", archive([{ ...A, name: "a/../a/b.bin" }, { ...A, name: "/a/b.bin" }]), "it has no a/b.bin"],
  ["an archive without its end", cut(archive([A]), 60), "it has no directory"],
  ["no archive", bytes("PK"), "it has no directory"],
  ["nothing at all", bytes(""), "it has no directory"],
  ["a directory that reaches past the file", (() => {
    const whole = archive([A]);
    whole.writeUInt32LE(0xfffffff0, whole.length - 10);
    return whole;
  })(), "its directory is out of bounds"],
  ["packed bytes that are none", (() => {
    const whole = archive([A]);
    whole.fill(0xff, 40, 80);
    return whole;
  })(), "a/b.bin cannot be unpacked"],
];
for (const [what, whole, said] of ATTACKS) test(`attack: ${what} is refused`, async () => expect(await read(whole)).toContain(`models.refused: ${said}`));
