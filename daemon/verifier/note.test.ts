import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { chosenHasher, growTree } from "../../kernels/merkle/index.ts";
import { utf8 } from "../../proto/encoding.ts";
import { newSigner } from "../testing/evidence.ts";
import { skipWithout } from "../testing/skip.ts";
import { checkpointText, parseCheckpoint } from "./checkpoint.ts";
import { noteKey, openNote, parseNote, parseVerifierKey, signatureLine, verifierKeyText } from "./note.ts";

// The example of C2SP signed-note, "Verifier keys".
const VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

const opens = (text: string, vkey = VKEY): boolean => {
  const note = parseNote(text);
  const key = parseVerifierKey(vkey);
  return note !== null && key !== null && "signers" in openNote(note, [key]);
};

describe("the note of the specification", () => {
  test("opens with its verifier key", () => {
    expect(opens(NOTE)).toBe(true);
    expect(parseNote(NOTE)?.text).toBe("This is an example message.\n");
  });
  test("does not open once a character of text, name, id or signature changes", () => {
    const changes = [["example message", "example massage"], ["example.com/foo Uw", "example.com/fop Uw"], ["foo Uw2", "foo Uw3"], ["yaQM=", "yaQI="]] as const;
    for (const [from, to] of changes) expect(opens(NOTE.replace(from, to))).toBe(false);
  });
  test("keeps text with empty lines: the last one separates", () => {
    const signer = newSigner("ed25519");
    const key = noteKey("example.com/bar", signer.key);
    const text = "one\n\n— two\n\nthree\n";
    const note = parseNote(`${text}\n${signatureLine(key, signer.sign(utf8(text)))}`);
    expect(note?.text).toBe(text);
    expect(note === null ? null : openNote(note, [key])).toEqual({ signers: [key], unknown: 0 });
  });
});

describe("a note is refused", () => {
  const line = NOTE.split("\n")[2] ?? "";
  test.each([
    ["without a final newline", NOTE.slice(0, -1)],
    ["without a signature", "text\n\n"],
    ["without a blank line", `text\n${line}\n`],
    ["with a carriage return", NOTE.replace("message.\n", "message.\r\n")],
    ["with a tab", NOTE.replace("an example", "an\texample")],
    ["with a hyphen for the dash", NOTE.replace("—", "-")],
    ["with two spaces", NOTE.replace("foo Uw", "foo  Uw")],
    ["with a plus in the name", NOTE.replace("example.com/foo", "example.com+foo")],
    ["with a no-break space in the name", NOTE.replace("example.com/foo", "example.com\u00a0foo")],
    ["with base64 that has a second spelling", NOTE.replace("yaQM=", "yaQN=")],
    ["with a signature of no bytes", `text\n\n— n ${btoa("abcd")}\n`],
    ["with too many signatures", `text\n\n${`${line}\n`.repeat(33)}`],
  ])("%s", (_, text) => {
    expect(opens(text)).toBe(false);
  });
  test("signed twice by one key", () => expect(opens(`${NOTE}${line}\n`)).toBe(false));
});

test("unknown keys are counted; alone they do not open a note", () => {
  const other = newSigner("ed25519");
  const unknown = signatureLine(noteKey("witness.example", other.key), other.sign(utf8("This is an example message.\n")));
  const note = parseNote(NOTE + unknown);
  const key = parseVerifierKey(VKEY);
  if (note === null || key === null) throw new Error("the example does not parse");
  expect(openNote(note, [key])).toEqual({ signers: [key], unknown: 1 });
  expect(openNote(note, [])).toEqual({ because: "no signature by a known key" });
  expect(verifierKeyText(key)).toBe(VKEY);
});

test("a verifier key with a wrong id, type or length is no key", () => {
  for (const vkey of [VKEY.replace("530d903a", "530d903b"), VKEY.replace("+Aek", "+Bek"), VKEY.slice(0, -4), VKEY.replace("example.com/foo", ""), "x"]) {
    expect(parseVerifierKey(vkey)).toBeNull();
  }
});

describe("checkpoint", () => {
  const root = new Uint8Array(32).fill(7);
  const text = checkpointText({ origin: "log.example", size: 42, root });
  test("reads what it wrote", () => expect(parseCheckpoint(text)).toEqual({ origin: "log.example", size: 42, root, extensions: [] }));
  test.each([
    ["a size with a leading zero", text.replace("42", "042")],
    ["a size beyond 2^53", text.replace("42", "9007199254740992")],
    ["a negative size", text.replace("42", "-1")],
    ["a root of 31 bytes", checkpointText({ origin: "log.example", size: 42, root: root.slice(1) })],
    ["an empty origin", text.replace("log.example", "")],
    ["an empty extension", `${text}\n`],
    ["no newline at the end", text.slice(0, -1)],
  ])("refuses %s", (_, bad) => {
    expect(parseCheckpoint(bad)).toBeNull();
  });
});

const LOG = new URL("../../../shared/vectors/tlog-tiles/testdata/log/", import.meta.url).pathname;
const absent = skipWithout(existsSync(LOG), "a tile log of another implementation is not here (../shared/vectors/tlog-tiles)");

describe.skipIf(absent)("a real log of Tessera", () => {
  // The public key its test data is signed with.
  const key = parseVerifierKey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
  const leaves = existsSync(LOG) ? entriesOf(readFileSync(`${LOG}tile/entries/000.p/15`)) : [];

  test("all its checkpoints open, and their roots are those of our tree over its entries", () => {
    const tree = growTree(chosenHasher().leafHashes(leaves));
    const sizes: number[] = [];
    for (const name of ["checkpoint", ...Array.from({ length: 16 }, (_, i) => `checkpoint.${i}`)]) {
      const note = parseNote(readFileSync(LOG + name, "utf8"));
      const checkpoint = note === null ? null : parseCheckpoint(note.text);
      if (note === null || checkpoint === null || key === null) throw new Error(`${name} does not parse`);
      expect(openNote(note, [key])).toEqual({ signers: [key], unknown: 0 });
      expect(checkpoint.root).toEqual(tree.root(checkpoint.size));
      sizes.push(checkpoint.size);
    }
    expect(sizes).toEqual([15, ...Array.from({ length: 16 }, (_, size) => size)]);
  });

  test("its partial tiles are the leaf hashes of its entries", () => {
    const hashes = chosenHasher().leafHashes(leaves);
    for (let width = 1; width <= 15; width++) expect(new Uint8Array(readFileSync(`${LOG}tile/0/000.p/${width}`))).toEqual(hashes.slice(0, 32 * width));
  });
});

function entriesOf(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  for (let at = 0; at < bundle.length; at += 2 + view.getUint16(at)) entries.push(new Uint8Array(bundle.subarray(at + 2, at + 2 + view.getUint16(at))));
  return entries;
}
