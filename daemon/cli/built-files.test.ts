/** What a build left, on the disk of whoever asked: every file under its own name, and nothing of theirs touched. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildFilesEvent } from "../../proto/build-api.ts";
import { toBase64, utf8 } from "../../proto/encoding.ts";
import { receiveBuild } from "./built-files.ts";

const root = mkdtempSync(join(tmpdir(), "maestro-built-"));
const before = process.cwd();
let serial = 0;
let victim: string;
beforeEach(() => {
  const place = join(root, String(serial++));
  victim = join(place, "victim");
  mkdirSync(victim, { recursive: true });
  mkdirSync(join(place, "work"));
  process.chdir(join(place, "work"));
});
afterAll(() => {
  process.chdir(before);
  rmSync(root, { recursive: true, force: true });
});

const DIGEST = `sha256:${"0".repeat(64)}`;
const sha256 = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");

/** A daemon that left these files. */
function daemon(files: Readonly<Record<string, string>>) {
  const rows = Object.entries(files).map(([path, text]) => ({ path, bytes: text.length, sha256: sha256(text), blob: DIGEST }));
  return {
    async *buildFiles(build_id: string): AsyncGenerator<Exclude<BuildFilesEvent, { event: "failure" }>, void> {
      yield { event: "record", row: { build_id, build: "app", repo_id: "r", commit: "1".repeat(40), owner_uid: 0, log_index: 0, provenance: DIGEST, log: { digest: DIGEST, size: 16 }, files: rows }, bundle: toBase64(utf8("provenance")) };
      for (const [file, text] of Object.values(files).entries()) if (text !== "") yield { event: "piece", file, bytes: toBase64(utf8(text)) };
      yield { event: "end", build_id };
    },
  };
}
const receive = (files: Readonly<Record<string, string>>, out?: string) => receiveBuild(daemon(files), `build-${"0".repeat(32)}`, out);
const refused = (path: string) => expect.objectContaining({ code: "cli.usage", detail: expect.stringContaining(`${path} `) });

test("files lie under their names, one that is called like another's unfinished one too, and a second build replaces them", async () => {
  for (const text of ["one", "two"]) await receive({ "x/a.part": "part", "x/a": text, empty: "" });
  expect([readdirSync("app").sort(), readdirSync("app/x").sort()]).toEqual([["app.provenance.sigstore.json", "empty", "x"], ["a", "a.part"]]);
  expect(["app/x/a.part", "app/x/a", "app/empty"].map((path) => readFileSync(path, "utf8"))).toEqual(["part", "two", ""]);
});

test("what came with other bytes than its record names has no name, and leaves nothing", async () => {
  const { buildFiles } = daemon({ a: "mine" });
  const other = { async *buildFiles(id: string) { for await (const event of buildFiles(id)) yield event.event === "piece" ? { ...event, bytes: toBase64(utf8("other")) } : event; } };
  expect(await receiveBuild(other, `build-${"0".repeat(32)}`, undefined).catch((error: unknown) => error)).toEqual(expect.objectContaining({ code: "worker.protocol" }));
  expect(readdirSync("app")).toEqual([]);
});

test("attack: the working tree has a link where the outputs would go", async () => {
  symlinkSync(victim, "app");
  expect(await receive({ a: "mine" }).catch((error: unknown) => error)).toEqual(refused("app"));
  rmSync("app");
  mkdirSync("app");
  writeFileSync("app/app.provenance.sigstore.json", "");
  symlinkSync(victim, "app/x");
  expect(await receive({ "x/a": "mine" }).catch((error: unknown) => error)).toEqual(refused("app/x"));
  expect(readdirSync(victim)).toEqual([]);
});

test("attack: the working tree has links in place of the outputs themselves and of the provenance", async () => {
  writeFileSync(join(victim, "key"), "precious");
  mkdirSync("app");
  for (const name of ["a", "app.provenance.sigstore.json", `app.provenance.sigstore.json.${process.pid}.part`]) symlinkSync(join(victim, "key"), join("app", name));
  await receive({ a: "mine" });
  expect([readFileSync(join(victim, "key"), "utf8"), lstatSync("app/a").isFile(), readFileSync("app/app.provenance.sigstore.json", "utf8")]).toEqual(["precious", true, "provenance"]);
});

test("a folder of the project that happens to have the build's name is left alone, unless it is named", async () => {
  mkdirSync("app");
  writeFileSync("app/a", "source");
  expect(await receive({ a: "mine" }).catch((error: unknown) => error)).toEqual(refused("app"));
  expect([readFileSync("app/a", "utf8"), existsSync("app/app.provenance.sigstore.json")]).toEqual(["source", false]);
  await receive({ a: "mine" }, "app");
  expect(readFileSync("app/a", "utf8")).toBe("mine");
});
