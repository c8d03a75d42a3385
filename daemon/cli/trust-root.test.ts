import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GATE_PREDICATES, OBLIGATIONS_PREDICATE } from "../../proto/attestation.ts";
import { openKeys } from "../evidence/keys/index.ts";
import { newWitness } from "../testing/witnesses.ts";
import { withheld } from "../verifier/further/wording.ts";
import { cosignerKeyText } from "../verifier/cosignature.ts";
import { run } from "./commands/trust.ts";
import { changesOf } from "./trust-previous.ts";
import { witnessGrant } from "./trust-witnesses.ts";
import { makeRoot, readRoot, readTrust, signTrustFile } from "./trust-root.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-root-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const now = new Date("2026-01-01T00:00:00Z");
const grant = { modes: ["host", "fork"] as const, repository_ids: ["acme/app"], days: 30, now, witnesses: { keys: [], quorum: null } };
const node = (name: string, trust_domain = "ci.example.org") => readTrust(openKeys({ state_dir: join(folder, name), now, trust_domain }).trust_path);

test("a root is made once, for its owner alone, and used only so", () => {
  const path = join(folder, "root.pem");
  const made = makeRoot(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readRoot(path).key.fingerprint).toBe(made.key.fingerprint);
  expect(() => makeRoot(path)).toThrow("never replaced");
  chmodSync(path, 0o640);
  expect(() => readRoot(path)).toThrow("chmod 600");
  chmodSync(path, 0o600);
  writeFileSync(path, "nothing");
  expect(() => readRoot(path)).toThrow("PKCS #8");
});

test("what is signed names the nodes' own keys, for these modes, repositories and days, and nothing else", () => {
  const root = makeRoot(join(folder, "root2.pem"));
  const out = join(folder, "trust.json");
  writeFileSync(out, signTrustFile(root, [node("a"), node("b")], grant));
  const trust = readTrust(out);
  expect({ self_made: trust.self_made, roles: trust.entries.map(({ entry }) => entry.role) }).toEqual({ self_made: false, roles: ["gate", "log", "gate", "log"] });
  for (const { entry } of trust.entries) expect(entry).toMatchObject({ modes: ["host", "fork"], repository_ids: ["acme/app"], to: "2026-01-31T00:00:00Z" });
  expect(() => signTrustFile(root, [node("a"), node("c", "other.example")], grant)).toThrow("2 trust domains");
  // A log key that another one followed is not given new time.
  const followed = { ...trust, entries: trust.entries.map((line) => (line.entry.role === "log" ? { ...line, entry: { ...line.entry, log_size_max: 7, to: "2026-01-02T00:00:00Z" } } : line)) };
  const again = join(folder, "again.json");
  writeFileSync(again, signTrustFile(root, [followed], grant));
  expect(readTrust(again).entries.map(({ entry }) => entry.to.slice(0, 10))).toEqual(["2026-01-31", "2026-01-02", "2026-01-31", "2026-01-02"]);
  // The operator's file can itself be signed anew: keys and origins stay.
  expect(signTrustFile(root, [trust], grant)).toEqual(new Uint8Array(readFileSync(out)));
});

test("an operator's file from before a predicate existed, published by the node and signed anew as doctor says: it permits what gates say now, and logs still sign no statement", () => {
  const root = makeRoot(join(folder, "root5.pem"));
  const published = node("e");
  const earlier = { ...published, entries: published.entries.map((line) => ({ ...line, entry: { ...line.entry, predicate_types: line.entry.role === "gate" ? [OBLIGATIONS_PREDICATE, "urn:example:older"] : [] } })) };
  expect(withheld(earlier)).toEqual(["evaluation", "svr", "test-result", "vsa"]);
  // One that is older than learned policies alone says so, too.
  const younger = { ...published, entries: published.entries.map((line) => ({ ...line, entry: { ...line.entry, predicate_types: line.entry.predicate_types.filter((type) => !type.includes(":evaluation:")) } })) };
  expect(withheld(younger)).toEqual(["evaluation"]);
  const out = join(folder, "anew.json");
  writeFileSync(out, signTrustFile(root, [earlier], grant));
  const anew = readTrust(out);
  expect(withheld(anew)).toEqual([]);
  expect(anew.entries.map(({ entry }) => entry.predicate_types)).toEqual([[...GATE_PREDICATES, "urn:example:older"], []]);
});

test("the command refuses what it does not understand before it writes anything", async () => {
  const usage = (positionals: string[], values: Record<string, string> = {}) => run({ values, positionals });
  node("d");
  const trust = join(folder, "d/trust.json");
  makeRoot(join(folder, "root3.pem"));
  const sign = { root: join(folder, "root3.pem"), out: join(folder, "never.json") };
  await expect(usage([])).rejects.toThrow("trust takes init");
  await expect(usage(["sign", trust], { out: sign.out })).rejects.toThrow("--root");
  await expect(usage(["sign", trust], { ...sign, modes: "host,sealed" })).rejects.toThrow("not sealed");
  await expect(usage(["sign", trust], { ...sign, days: "0" })).rejects.toThrow("--days");
  expect(statSync(sign.out, { throwIfNoEntry: false })).toBeUndefined();
});

test("witnesses are named by the keys they print, and a quorum that both heads of a forked log could have is refused with the reason", async () => {
  node("e");
  const [trust, root, out] = [join(folder, "e/trust.json"), join(folder, "root4.pem"), join(folder, "witnessed.json")];
  makeRoot(root);
  const witness = ["a", "b", "c"].map((name) => cosignerKeyText(newWitness(`witness.example/${name}`).key));
  const sign = (values: Record<string, string>, keys = witness) => run({ values: { root, out, ...values }, lists: { witness: keys }, positionals: ["sign", trust] });
  await expect(sign({ quorum: "1" })).rejects.toThrow("both heads of a forked log");
  await expect(sign({ quorum: "4" })).rejects.toThrow("never be reached");
  await expect(sign({ quorum: "two" })).rejects.toThrow("takes a number");
  await expect(sign({}, [witness[0]!.replace("witness.example/a", "witness.example/z")])).rejects.toThrow("maestro witness key");
  await expect(sign({ quorum: "2" }, [...witness.slice(0, 2), witness[1]!])).rejects.toThrow("stands there twice");
  expect(statSync(out, { throwIfNoEntry: false })).toBeUndefined();
  writeFileSync(out, signTrustFile(readRoot(root), [readTrust(trust)], { ...grant, witnesses: witnessGrant({ quorum: "2" }, witness) }));
  const { witnesses } = readTrust(out);
  expect({ quorum: witnesses.quorum, names: witnesses.keys.map(({ key }) => key.name) }).toEqual({ quorum: 2, names: ["witness.example/a", "witness.example/b", "witness.example/c"] });
});

test("attack: a trust file is signed anew without its options: witnesses, quorum, modes and repositories stay, cosignatures of before go on counting, and what is changed by name is said", async () => {
  node("f");
  const [trust, root, out] = [join(folder, "f/trust.json"), join(folder, "root6.pem"), join(folder, "anew6.json")];
  makeRoot(root);
  const witness = ["a", "b", "c"].map((name) => cosignerKeyText(newWitness(`witness.example/${name}`).key));
  const sign = (values: Record<string, string>, keys: readonly string[], file: string) => run({ values: { root, out, ...values }, lists: { witness: [...keys] }, positionals: ["sign", file] });
  const said = () => {
    const { entries, witnesses } = readTrust(out);
    const [gate] = entries.map(({ entry }) => entry);
    return { modes: gate?.modes, repositories: gate?.repository_ids, quorum: witnesses.quorum, witnesses: witnesses.keys.map(({ key, from_s }) => `${key.name} ${from_s}`) };
  };
  await sign({ quorum: "2", modes: "host", repositories: "acme/app" }, witness, trust);
  const first = said();
  expect([first.modes, first.repositories, first.quorum, first.witnesses.length]).toEqual([["host"], ["acme/app"], 2, 3]);
  await Bun.sleep(1_100 - (Date.now() % 1_000));
  // Over the node's own file, and over the operator's file that it publishes.
  for (const file of [trust, out]) {
    await sign({}, [], file);
    expect(said()).toEqual(first);
  }
  await sign({ repositories: "acme/other" }, [], trust);
  expect(said()).toEqual({ ...first, repositories: ["acme/other"] });
  await expect(sign({}, witness.slice(0, 1), trust)).rejects.toThrow("never be reached");
  const before = readTrust(out);
  await sign({}, ["none"], trust);
  expect([said().quorum, said().witnesses]).toEqual([null, []]);
  expect(changesOf(before, readTrust(out))).toEqual(["no more   witness witness.example/a", "no more   witness witness.example/b", "no more   witness witness.example/c", "changed   quorum: 2 -> none"]);
});

test("attack: a node publishes a file that some other root signed, with witnesses and modes of its own choosing: of it only keys are taken over", async () => {
  const stranger = join(folder, "stranger.pem");
  const root = join(folder, "operator.pem");
  const [planted, out] = [join(folder, "planted.json"), join(folder, "operators.json")];
  for (const path of [stranger, root]) makeRoot(path);
  node("p");
  const witness = ["x", "y", "z"].map((name) => cosignerKeyText(newWitness(`witness.example/${name}`).key));
  await run({ values: { root: stranger, out: planted, quorum: "2", modes: "local", repositories: "evil/app" }, lists: { witness }, positionals: ["sign", join(folder, "p/trust.json")] });
  await run({ values: { root, out, modes: "host", repositories: "acme/app" }, lists: {}, positionals: ["sign", planted] });
  const signed = readTrust(out);
  expect([signed.witnesses.keys.length, signed.witnesses.quorum, [...new Set(signed.entries.map(({ entry }) => [...entry.modes, ...entry.repository_ids].join()))]]).toEqual([0, null, ["host,acme/app"]]);
  // What stands there by this root goes on, whatever a node brings.
  await run({ values: { root, out }, lists: {}, positionals: ["sign", planted] });
  expect([...new Set(readTrust(out).entries.map(({ entry }) => entry.repository_ids.join()))]).toEqual(["acme/app"]);
  expect(readTrust(out).witnesses.keys).toEqual([]);
});
