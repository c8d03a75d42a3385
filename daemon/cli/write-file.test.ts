/** `--out FILE`: one rule for every command that writes a file by name. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../proto/errors.ts";
import { mayMountTiny, tinyDisk } from "../testing/faults/mounts.ts";
import { skipWithout } from "../testing/skip.ts";
import { COMMANDS } from "./table.ts";
import { writeFile, writeOut } from "./write-file.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-write-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const BYTES = new Uint8Array([0, 1, 2, 0xff]);

function written(path: string, force = false, content: string | Uint8Array = BYTES): string {
  try {
    writeOut(path, content, 0o600, "it is on record all the same", force);
    return "written";
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code} ${error.detail}`;
    throw error;
  }
}

describe("what --out writes", () => {
  test("a new file, with the mode that was asked for; the same bytes once more leave it as it is", () => {
    expect([written(at("new")), readFileSync(at("new")).equals(BYTES), statSync(at("new")).mode & 0o777]).toEqual(["written", true, 0o600]);
    utimesSync(at("new"), 1_000, 1_000);
    expect([written(at("new")), statSync(at("new")).mtimeMs]).toEqual(["written", 1_000_000]);
  });

  test("over nothing else: not of the same length, not through a link, not an empty one; and says what to do", () => {
    writeFileSync(at("other"), new Uint8Array([0, 1, 2, 3]));
    writeFileSync(at("empty"), "");
    symlinkSync(at("other"), at("link"));
    for (const name of ["other", "empty", "link"]) expect(written(at(name))).toMatch(/^cli\.usage .* is there already, and holds something else; name another file, or say --force/);
    expect([readFileSync(at("other")).at(-1), readFileSync(at("empty")).length]).toEqual([3, 0]);
  });

  test("with --force it does", () => {
    writeFileSync(at("mine"), "mine");
    expect([written(at("mine"), true), readFileSync(at("mine")).equals(BYTES)]).toEqual(["written", true]);
  });

  test("a folder, a link to nothing, and a folder that is not there are refused with and without --force being named", () => {
    mkdirSync(at("folder"));
    symlinkSync(at("nothing"), at("dangling"));
    expect([written(at("folder")), written(at("dangling")), written(at("no/such"))]).toEqual([expect.stringContaining("is a folder; name another file"), expect.stringContaining("is a link to nothing; name another file"), expect.stringContaining("cannot be written; it is on record all the same")]);
    expect(written(at("folder"), true)).toStartWith("cli.usage");
  });

  test("what may not be looked at is said as the user's to put right, and is no bug", () => {
    symlinkSync(at("loop"), at("loop"));
    expect(written(at("loop"))).toStartWith("cli.usage ELOOP");
  });

  test.skipIf(skipWithout(mayMountTiny(), "full file systems: needs root and mount(8)"))("attack: the disk is full in the middle: half a document stands under no name, and the next try is not in its own way", () => {
    using disk = tinyDisk(at("tiny"), 16 * 1024);
    const whole = new Uint8Array(64 * 1024).fill(7);
    expect([disk === null, written(at("tiny/out"), false, whole), existsSync(at("tiny/out"))]).toEqual([false, expect.stringMatching(/^store\.no_space /), false]);
    expect(() => writeFile(at("tiny/new"), whole, 0o600, "it is on record", "wx")).toThrow(expect.objectContaining({ code: "store.no_space" }));
    expect([existsSync(at("tiny/new")), written(at("tiny/out"))]).toEqual([false, "written"]);
  });

  test("a device takes it, since it loses nothing", () => {
    expect([written("/dev/null"), written("/dev/full")]).toEqual(["written", expect.stringMatching(/^store\.no_space /)]);
  });
});

test("every command with --out FILE offers --force, but those that have a reason", () => {
  const REASONS: Readonly<Record<string, string>> = {
    gate: "what it writes is a copy: the evidence lies in the state folder under its digest, and each run leaves its own reports",
    explain: "each statement is signed anew, and nothing is written over",
    repro: "nothing is written over",
    invariants: "somebody may have changed the test that was generated",
    token: "nothing is written over",
    trust: "what is signed over is read first: keys and operators of the file that stands there go on",
  };
  expect(COMMANDS.filter(({ options }) => options["out"]?.value === "FILE" && options["force"] === undefined).map(({ name }) => name).sort()).toEqual(Object.keys(REASONS).sort());
});
