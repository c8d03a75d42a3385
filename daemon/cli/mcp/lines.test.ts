import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linesOf, MESSAGE_BYTES_MAX, type Line } from "./lines.ts";
import { LIST_PATH, listText } from "./listing.ts";

setDefaultTimeout(120_000);
const CLI = join(import.meta.dir, "../main.ts");

async function* chunks(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield typeof text === "string" ? new TextEncoder().encode(text) : text;
}

async function read(bytes_max: number, ...texts: (string | Uint8Array)[]): Promise<Line[]> {
  return Array.fromAsync(linesOf(chunks(...texts), bytes_max));
}

describe("lines", () => {
  test("come whole, wherever they are cut", async () => {
    expect(await read(9, "a", "b\nc", "d\n\nü", "\n")).toEqual([{ text: "ab" }, { text: "cd" }, { text: "" }, { text: "ü" }]);
  });

  test("one too long and one that is no UTF-8 are refused, and the next one is read", async () => {
    expect(await read(4, "aaaa\naaa", "aa", "aaa\nb\n", new Uint8Array([0xff, 0x0a]), "c\n")).toEqual([{ text: "aaaa" }, { refused: "a message has at most 4 bytes" }, { text: "b" }, { refused: "a message is UTF-8" }, { text: "c" }]);
  });

  test("what has no end is no message", async () => {
    expect(await read(9, '{"jsonrpc"')).toEqual([]);
  });
});

test("the committed list of tools is the one the schemas make", () => {
  expect(readFileSync(LIST_PATH, "utf8")).toBe(listText());
});

describe("maestro mcp as a process", () => {
  const LINES = [{ jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } } }, { jsonrpc: "2.0", method: "notifications/initialized" }, { jsonrpc: "2.0", id: 2, method: "tools/list" }];
  const INPUT = `${LINES.map((line) => JSON.stringify(line)).join("\n")}\n`;

  async function served(stdin: Bun.BunFile | Uint8Array | number): Promise<{ code: number; lines: unknown[] }> {
    const home = mkdtempSync(join(tmpdir(), "mm-"));
    try {
      const child = Bun.spawn([process.execPath, CLI, "mcp"], { env: { HOME: home, PATH: "/usr/bin:/bin" }, stdin, stdout: "pipe", stderr: "inherit" });
      const text = await new Response(child.stdout).text();
      return { code: await child.exited, lines: text.split("\n").filter((line) => line !== "").map((line): unknown => JSON.parse(line)) };
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  }

  test("from a pipe, from a file and from /dev/null it reads to the end, answers, and ends with 0", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mm-"));
    const file = join(folder, "input");
    writeFileSync(file, INPUT);
    const [pipe, plain, nothing] = await Promise.all([served(new TextEncoder().encode(INPUT)), served(Bun.file(file)), served(Bun.file("/dev/null"))]);
    rmSync(folder, { recursive: true, force: true });
    expect(pipe).toMatchObject({ code: 0, lines: [{ id: 1, result: {} }, { id: 2, result: { tools: expect.any(Array) } }] });
    expect(plain).toEqual(pipe);
    expect(nothing).toEqual({ code: 0, lines: [] });
  });

  test("from a pipe whose other side made it non-blocking it waits, and answers", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mm-"));
    const path = join(folder, "fifo");
    expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
    const [reader, writer] = [openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), openSync(path, constants.O_WRONLY)];
    const done = served(reader);
    // Long enough that the server has found the pipe empty more than once.
    await Bun.sleep(300);
    writeSync(writer, INPUT);
    closeSync(writer);
    const { code, lines } = await done;
    closeSync(reader);
    rmSync(folder, { recursive: true, force: true });
    expect([code, lines.length]).toEqual([0, 2]);
  });

  test("a message of megabytes costs an error, not the conversation", async () => {
    const { code, lines } = await served(new TextEncoder().encode(`{"a":"${"x".repeat(MESSAGE_BYTES_MAX)}"}\n${INPUT}`));
    expect([code, lines.length]).toEqual([0, 3]);
    expect(lines[0]).toMatchObject({ id: null, error: { code: -32600, message: `a message has at most ${MESSAGE_BYTES_MAX} bytes` } });
  });
});
