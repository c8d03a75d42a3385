import { expect, test } from "bun:test";
import { makeBundle, newRing } from "../../../testing/evidence.ts";
import { hostileCounterexamples } from "../../testing/cases.ts";
import { STUDIO_LIMITS } from "../limits.ts";
import { takeFiles, walksOfBundle, type Takes } from "./files.ts";

/** What was done with each file, in order. */
function heard(): { readonly takes: Takes; readonly said: string[] } {
  const said: string[] = [];
  const takes: Takes = { rule: (name) => void said.push(`rule ${name}`), catalogue: (name) => void said.push(`catalogue ${name}`), recording: ({ name }) => void said.push(`recording ${name}`), walks: (name, walks) => void said.push(`walks ${name} ${walks.length}`), say: (text) => void said.push(text) };
  return { takes, said };
}
const bundle = makeBundle(newRing(), { verdict: "refuse", documents: hostileCounterexamples() });

test("counterexamples of a bundle become walks; documents that are none do not, and half a bundle is said to be that", () => {
  const text = new TextDecoder().decode(bundle);
  expect(walksOfBundle(text)?.map(({ steps }) => steps.length)).toEqual([60, 1, 1, 60]);
  expect(walksOfBundle(`{"bundle":${text},"more":1}`)?.length).toBe(4);
  expect([walksOfBundle(text.slice(0, -9)), walksOfBundle("{}")]).toEqual([null, []]);
});

test("each file goes where it belongs; what is broken, too many or gone is said by name and stops no other", async () => {
  const { takes, said } = heard();
  const gone = Object.assign(new File(["x"], "gone.yaml"), { slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("moved", "NotReadableError")) }) });
  await takeFiles([new File(["id: A\n"], "a.yaml"), gone, new File(["events:\n  a: {fields: {}}\n"], "events.yaml"), new File(['{"event":"a"}\n'], "r.ndjson"), new File([bundle], "b.json"), new File([bundle.slice(0, -9)], "half.json"), new File(["id: \ufffd", new Uint8Array([0xff])], "bytes.yaml"), new File(["PK"], "x.zip"), new File(['{"engine":"tlc"}'], "cex.json")], takes);
  expect(said).toEqual([
    "rule a.yaml",
    expect.stringContaining("gone.yaml cannot be read any more (NotReadableError)"),
    "catalogue events.yaml",
    "recording r.ndjson",
    "walks b.json (not verified here) 4",
    "half.json is half written or no JSON.",
    "bytes.yaml is no UTF-8 text.",
    expect.stringContaining("x.zip is none of the files"),
    expect.stringContaining("cex.json is no counterexample"),
  ]);
  const many = heard();
  await takeFiles(Array.from({ length: STUDIO_LIMITS.dropped_files_max + 1 }, (_, i) => new File(["id: A"], `${i}.yaml`)), many.takes);
  expect(many.said).toEqual([expect.stringContaining("give fewer")]);
});
