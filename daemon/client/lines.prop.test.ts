import { expect, test } from "bun:test";
import fc from "fast-check";
import { jsonLines } from "./lines.ts";

async function* chunked(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (let i = 0; i + 1 < at.length; i++) yield bytes.slice(at[i], at[i + 1]);
}

async function all(bytes: AsyncGenerator<Uint8Array>, max?: number): Promise<unknown[]> {
  const documents: unknown[] = [];
  for await (const document of jsonLines(bytes, max)) documents.push(document);
  return documents;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("documents do not depend on where the stream was cut, characters of several bytes included", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue({ stringUnit: "grapheme" }), { maxLength: 8 }), fc.array(fc.nat(4_000), { maxLength: 12 }), async (documents, cuts) => {
      const normal: unknown[] = JSON.parse(JSON.stringify(documents));
      const text = documents.map((document) => `${JSON.stringify(document)}\n`).join("");
      expect(await all(chunked(utf8(text), cuts))).toEqual(normal);
    }),
  );
});

test("a reply cut off in a line is an error, never a shorter reply", async () => {
  await expect(all(chunked(utf8('{"a":1}\n{"event":"res'), []))).rejects.toMatchObject({ code: "worker.protocol" });
});

test("a line that is no JSON is an error", async () => {
  await expect(all(chunked(utf8("{}\nnonsense\n"), []))).rejects.toMatchObject({ code: "worker.protocol" });
});

test("bytes that are no UTF-8, also at the very end, are an error of the reply and none of ours", async () => {
  for (const bytes of [[0x7b, 0x7d, 0x0a, 0xff, 0x0a], [0x7b, 0x7d, 0x0a, 0xe2, 0x82]]) await expect(all(chunked(new Uint8Array(bytes), []))).rejects.toMatchObject({ code: "worker.protocol" });
});

test("an endless line is an error before it fills memory", async () => {
  await expect(all(chunked(utf8(`"${"x".repeat(100)}`), [10, 20, 30]), 64)).rejects.toMatchObject({ detail: expect.stringContaining("64") });
});
