/** What git prints and what a client sends for it, read as if git had been lied to. */
import { utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { BoundedLines } from "../../platform/git/bounded-lines.ts";
import { ByteReader } from "../../platform/git/byte-reader.ts";
import { commitLinks, parseCommit } from "../../platform/git/commit.ts";
import { fsckError, fsckWarnings } from "../../platform/git/fsck.ts";
import { lfsPointer } from "../../platform/git/lfs-pointer.ts";
import { PackBody } from "../../platform/git/pack-body.ts";
import { PatchParser } from "../../platform/git/patch-parser.ts";
import { parseRawLine } from "../../platform/git/raw-diff.ts";
import { parseTrailers } from "../../platform/git/trailers.ts";
import type { Target } from "./fuzz.ts";

const ours = (error: unknown): boolean => error instanceof MaestroError;
const never = (): boolean => false;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const INPUT_MS_MAX = 1_000;
const [A, B] = ["a".repeat(40), "b".repeat(40)];
const RAW = `:100644 100755 ${A} ${B} M\tsrc/a.ts\n:000000 120000 ${"0".repeat(40)} ${B} A\t"tab\\there \\303\\251"\n:100644 100644 ${A} ${B} R087\told\tnew\n`;
const PATCH = `diff --git a/src/a.ts b/src/a.ts\nindex ${A}..${B} 100755\n--- a/src/a.ts\n+++ b/src/a.ts\n@@ -1,2 +1,3 @@ here\n one\n-two\n+2\n+3\n\\ No newline at end of file\n`;
const COMMIT = `tree ${A}\nparent ${B}\nauthor Ada <ada@example.org> 1700000000 +0100\ncommitter Ada <ada@example.org> 1700000000 +0100\nencoding ISO-8859-1\ngpgsig -----BEGIN\n x\n -----END\n\nfix: a thing\n\nlong\n\nCo-Authored-By: Claude <noreply@anthropic.com>\nReviewed-by: x\n  folded\n`;
const BATCH = `${A} blob 5\nhello\n${B} missing\n${A} commit 0\n\n`;

/** A pipe that gives a few bytes at a time and then ends. */
function pipeOf(bytes: Uint8Array): { read(): Promise<{ done: false; value: Uint8Array } | { done: true }>; cancel(): Promise<void> } {
  let at = 0;
  return {
    async read() {
      if (at >= bytes.length) return { done: true };
      const value = bytes.subarray(at, at + 97);
      at += value.length;
      return { done: false, value };
    },
    cancel: async () => undefined,
  };
}

async function readBatch(bytes: Uint8Array): Promise<void> {
  const reader = new ByteReader(pipeOf(bytes));
  for (let records = 0; records < 3; records++) {
    const size = Number(/ ([0-9]{1,6})$/.exec(await reader.line(4_096))?.[1] ?? 0);
    for await (const piece of reader.pieces(size)) if (piece.length === 0) throw new Error("an empty piece");
  }
}

async function readPackBody(bytes: Uint8Array): Promise<void> {
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 61));
      at += 61;
    },
  });
  const body = new PackBody(stream, { pack_bytes_max: 8_192, objects_max: 100, history_bytes_max: 4_096 });
  await body.history();
  const { stream: objects } = await body.objects();
  for await (const chunk of objects) if (chunk.length === 0) throw new Error("an empty chunk");
  await body.atEnd();
}

function readPatch(bytes: Uint8Array): void {
  const changes = [parseRawLine(RAW.split("\n")[0] ?? "")];
  const parser = new PatchParser(changes, 1_024);
  const lines = new BoundedLines(4_096, 0x0a);
  for (const line of lines.push(bytes)) parser.push(line);
  const rest = lines.rest();
  if (rest !== null) parser.push(rest);
  parser.end();
}

const packHeader = (objects: number): Uint8Array => Buffer.concat([Buffer.from("PACK"), Buffer.from([0, 0, 0, 2, 0, 0, 0, objects]), Buffer.alloc(40)]);

export const GIT_TARGETS: readonly Target[] = [
  { name: "raw-diff", sound: [utf8(RAW)], read: (bytes) => text(bytes).trimEnd().split("\n").map(parseRawLine), refuses: ours, input_ms_max: INPUT_MS_MAX },
  { name: "patch", sound: [utf8(PATCH)], read: readPatch, refuses: ours, input_ms_max: INPUT_MS_MAX },
  { name: "commit", sound: [utf8(COMMIT)], read: (bytes) => [parseCommit(A, bytes), commitLinks(bytes, 40)], refuses: never, input_ms_max: INPUT_MS_MAX },
  { name: "trailers", sound: [utf8(COMMIT), utf8("a\n\nb: c\n---\nd: e\n\n")], read: (bytes) => parseTrailers(text(bytes)), refuses: never, input_ms_max: INPUT_MS_MAX },
  { name: "cat-file", sound: [utf8(BATCH)], read: readBatch, refuses: ours, input_ms_max: INPUT_MS_MAX },
  { name: "pack-body", sound: [packHeader(3)], read: readPackBody, refuses: ours, input_ms_max: INPUT_MS_MAX },
  {
    name: "git-words",
    sound: [utf8(`error: object ${A}: missingEmail: invalid author\nfatal: fsck error in packed object\nwarning: object ${B}: zeroPaddedFilemode: x\n`), utf8("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")],
    read: (bytes) => [fsckError(text(bytes)), fsckWarnings(text(bytes)), lfsPointer(bytes)],
    refuses: never,
    input_ms_max: INPUT_MS_MAX,
  },
];
