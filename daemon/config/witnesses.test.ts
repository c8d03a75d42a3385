import { expect, test } from "bun:test";
import { utf8 } from "../../proto/encoding.ts";
import { newSigner } from "../testing/evidence.ts";
import { newWitness } from "../testing/witnesses.ts";
import { cosignerKeyText } from "../verifier/cosignature.ts";
import { noteKey, verifierKeyText } from "../verifier/note.ts";
import { parseHostConfig, resolveHost } from "./host.ts";

const log = verifierKeyText(noteKey("log.example", newSigner("ed25519").key));
const [one, two] = [newWitness("witness.example/a"), newWitness("witness.example/b")].map(({ key }) => cosignerKeyText(key));
const parsed = (more: string) => parseHostConfig(utf8(`version: 1\ntrust_domain: local\nmodes: [local]\n${more}`), "host.yaml");
const entry = (name: string, url: string, vkey = one) => `{ name: ${name}, url: "${url}", vkey: "${vkey}" }`;

test("witnesses are named with an address and a key; nobody is, unless the operator says so", () => {
  const more = `witness: { name: witness.example/me, logs: ["${log}"] }\nwitnesses: [${entry("a", "https://w.example/witness")}, ${entry("b", "unix:/run/b.sock:/prefix", two)}]\nlimits: { witness: { cosign_deadline_ms: 7, cosign_backoff_ms_max: 9, submission_bytes_max: 5000 } }\n`;
  const host = resolveHost(parsed(more));
  expect(host.witness).toEqual({ name: "witness.example/me", logs: [log] });
  expect(host.witnesses.map(({ url }) => url)).toEqual(["https://w.example/witness", "unix:/run/b.sock:/prefix"]);
  expect(host.limits.witness).toMatchObject({ cosign_deadline_ms: 7, cosign_backoff_ms_max: 9, submission_bytes_max: 5000, submissions_per_s: 50, submissions_burst: 200, cosign_debounce_ms: 250, cosign_backoff_ms: 1000 });
  expect(resolveHost(parsed(""))).toMatchObject({ witness: null, witnesses: [] });
});

test.each([
  ["http to another machine", `witnesses: [${entry("a", "http://w.example/witness")}]`, "must be https"],
  ["one key twice, which would count twice", `witnesses: [${entry("a", "https://a.example")}, ${entry("b", "https://b.example")}]`, "stands there twice"],
  ["one name twice", `witnesses: [${entry("a", "https://a.example")}, ${entry("a", "https://b.example", two)}]`, "stands there twice"],
  ["a log's key as a witness's", `witnesses: [${entry("a", "https://a.example", log)}]`, "of a witness"],
  ["a witness's key as a log's", `witness: { name: x, logs: ["${one}"] }`, "of a log"],
  ["a key whose id is another's", `witness: { name: x, logs: ["${log.replace(/\+[0-9a-f]{8}\+/, "+00000000+")}"] }`, "of a log"],
  ["a name that a note cannot carry", `witness: { name: "a b", logs: ["${log}"] }`, "witness.name"],
  ["a password in the address", `witnesses: [${entry("a", "https://me:pw@w.example")}]`, "witnesses.0.url"],
])("refused: %s", (_, more, because) => {
  expect(() => parsed(`${more}\n`)).toThrow(because);
});

test("http stays on this machine", () => {
  expect(parsed(`witnesses: [${entry("a", "http://127.0.0.1:8080/witness")}]\n`).witnesses).toHaveLength(1);
});
