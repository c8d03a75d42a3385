/**
 * One rule for signatures on every face: daemon and command line, which ask the runtime's
 * library for both algorithms; our own arithmetic beside them; the page, which computes so in a
 * browser. Wycheproof and CCTV go through each, and each must accept the very
 * same signatures (docs/decisions/0013-one-signature-rule.md).
 */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex, utf8 } from "../proto/encoding.ts";
import { accepts, output } from "./rig/accepts.ts";
import type { SignatureCase } from "./rig/signatures.ts";
import { onPath } from "./rig/tools.ts";

const VECTORS = join(Bun.env["MAESTRO_CORPORA"] ?? join(import.meta.dir, "../../shared"), "vectors");
const RIG = join(import.meta.dir, "rig");
const chromium = await onPath("chromium", "install chromium");
const work = mkdtempSync(join(tmpdir(), "maestro-rule-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const read = <T>(name: string): T => JSON.parse(readFileSync(join(VECTORS, name), "utf8")) as T;

interface Wycheproof<K> {
  readonly testGroups: readonly { readonly publicKey: K; readonly tests: readonly { readonly tcId: number; readonly msg: string; readonly sig: string; readonly result: string }[] }[];
}

function wycheproof<K>(file: string, algorithm: SignatureCase["algorithm"], raw: (key: K) => string): (SignatureCase & { readonly valid: boolean })[] {
  return read<Wycheproof<K>>(`wycheproof/${file}`).testGroups.flatMap(({ publicKey, tests }) => tests.map(({ tcId, msg, sig, result }) => ({ name: `${algorithm}-${tcId}`, algorithm, key: raw(publicKey), message: msg, signature: sig, valid: result === "valid" })));
}

function cctv(): SignatureCase[] {
  return read<{ number: number; key: string; sig: string; msg: string }[]>("cctv-ed25519/ed25519vectors.json").map(({ number, key, sig, msg }) => ({ name: `cctv-${number}`, algorithm: "ed25519", key, message: toHex(utf8(msg)), signature: sig }));
}

const SETS = {
  "Wycheproof Ed25519": () => wycheproof<{ pk: string }>("ed25519_test.json", "ed25519", ({ pk }) => pk),
  "Wycheproof ECDSA P-256": () => wycheproof<{ uncompressed: string }>("ecdsa_secp256r1_sha256_test.json", "ecdsa-p256-sha256", ({ uncompressed }) => uncompressed),
  "CCTV Ed25519": cctv,
} as const;
/** Cases in each, and how many of them the rule takes. */
const WANTED: Readonly<Record<keyof typeof SETS, readonly [cases: number, accepted: number]>> = { "Wycheproof Ed25519": [151, 88], "Wycheproof ECDSA P-256": [484, 103], "CCTV Ed25519": [914, 1] };

const answerIn = (text: string): string[] => /accepted:([^;]*);/.exec(text)?.[1]?.split(",").filter((name) => name !== "") ?? ["no answer"];
const ran = async (file: string, engine: string): Promise<string[]> => answerIn(await output([process.execPath, join(RIG, "signatures-run.ts"), file, engine]));

let script = "";
beforeAll(async () => {
  const { outputs } = await Bun.build({ entrypoints: [join(RIG, "signatures-page.ts")], target: "browser", format: "iife" });
  script = (await outputs[0]?.text()) ?? "";
});

async function inBrowser(name: string, cases: readonly SignatureCase[]): Promise<string[]> {
  const page = join(work, `${name}.html`);
  const profile = join(work, "profile");
  mkdirSync(profile, { recursive: true });
  const inert = (text: string): string => text.replaceAll("</", "<\\/");
  writeFileSync(page, `<!doctype html><meta charset="utf-8"><p id="answer"></p><script type="application/json" id="cases">${inert(JSON.stringify(cases))}</script><script>${inert(script)}</script>`);
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`];
  return answerIn((/<p id="answer">([^<]*)<\/p>/.exec(await output([chromium.path(), ...flags, "--dump-dom", `file://${page}`])) ?? [])[1] ?? "");
}

for (const [name, make] of Object.entries(SETS)) {
  accepts(chromium, `${name}: daemon, command line and page accept the very same signatures`, async () => {
    const cases = make();
    const [count, taken] = WANTED[name as keyof typeof SETS];
    const file = join(work, "cases.json");
    writeFileSync(file, JSON.stringify(cases));
    const faces = { "daemon and command line": await ran(file, "native"), "our own arithmetic": await ran(file, "own"), page: await inBrowser(name.replaceAll(" ", "-"), cases) };
    const native = faces["daemon and command line"];
    for (const [face, passed] of Object.entries(faces)) process.stdout.write(`| ${name} | ${face} | ${cases.length} | ${passed.length} accepted |\n`);
    expect(cases.length).toBe(count);
    for (const passed of Object.values(faces)) expect(passed).toEqual(native);
    expect(native.length).toBe(taken);
    // Nothing that the vectors call invalid is taken by any of them.
    expect(cases.filter((one) => "valid" in one && one.valid === false && native.includes(one.name))).toEqual([]);
  });
}
