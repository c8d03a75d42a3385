/** One clean change from the command line to evidence that stands without the daemon. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { API_VERSION, API_VERSION_HEADER } from "../../proto/routes.ts";
import type { Source } from "../platform/git/testing/scratch.ts";
import { alive, oneDocument, type GateDocument, type Ran, World } from "./testing/world.ts";
import { ENTRIES } from "../testing/entries.ts";

setDefaultTimeout(120_000);
const COLUMNS = 80;

let world: World;
let repository: Source;
let first: Ran;
let document: GateDocument & { readonly code: number };
let trust: string;
beforeAll(async () => {
  world = new World();
  repository = await world.changed({}, { "src/b.ts": "export const b = 2;\n" });
  first = await world.gate(repository);
  document = await world.judged(repository);
  trust = (await world.status()).trust_path;
}, 120_000);
afterAll(() => world.dispose());

describe("a clean change", () => {
  test("starts a private daemon, admits, and says what was proved and by whose key", () => {
    expect(first.code).toBe(0);
    expect(first.stderr).toContain("starting a private daemon (mode local)");
    expect(first.stdout).toMatch(/^ADMIT  local:\d+:repo0 {2}[0-9a-f]{9} {2}"a change"$/m);
    expect(first.stdout).toMatch(/^VERIFIED/m);
    expect(first.stdout).toContain("self-made key: proves integrity, not authority");
    expect(first.stderr).toMatch(/secrets +[\d.]+ ms pass/);
  });

  test("the card keeps to 80 columns, except where a path would break; the proof is one line", () => {
    const wide = first.stdout.split("\n").filter((line) => Bun.stringWidth(line) > COLUMNS && !line.includes(world.state_dir) && !line.startsWith("VERIFIED"));
    expect(wide).toEqual([]);
    expect(first.stdout).not.toContain("\u001b");
  });

  test("gated again it is answered from the record: same gate, same attempt, nothing added to the log", async () => {
    expect(document).toMatchObject({ code: 0, verdict: "admit", verified: "verified", recorded: true, attempt: 1 });
    expect((await world.status()).log.size).toBe(ENTRIES.decided);
  });

  test("the card hides no cost it does not know and names the claims of mode local", () => {
    expect(document.card.cost).toEqual({ reported: false, micro_usd: null });
    expect(document.card.warnings.join()).toContain("what the caller said");
    expect(document.card.checks.map(({ check }) => check).sort()).toEqual(["ci", "dependencies", "guards", "invariants", "learning", "modelcheck", "paths", "secrets", "size", "tests", "text", "waivers"]);
  });

  test("--markdown prints the card for a forge, --out leaves a bundle that others may read", async () => {
    const out = world.path("out.json");
    const ran = await world.gate(repository, ["--markdown", "--out", out]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("ADMIT");
    expect(statSync(out).mode & 0o777).toBe(0o644);
    expect(readFileSync(out)).toEqual(readFileSync(document.bundle));
    expect(statSync(document.bundle).mode & 0o777).toBe(0o600);
  });
});

describe("evidence, with the daemon stopped", () => {
  const verify = (...args: string[]): Promise<Ran> => world.run(["verify", ...args]);
  const changed = (name: string, change: (bytes: Buffer) => Buffer): string => {
    writeFileSync(world.path(name), change(Buffer.from(readFileSync(document.bundle))));
    return world.path(name);
  };
  beforeAll(async () => {
    const { pid } = (await world.status()).daemon;
    expect((await world.run(["stop"])).code).toBe(0);
    // Its folder may be copied, and another one started.
    expect([await world.client.answers(), alive(pid)]).toEqual([false, false]);
  });

  test("verifies against the trust file, by path and by the digest the gate printed", async () => {
    const [byPath, byDigest] = await Promise.all([verify(document.bundle, "--trust", trust), verify(document.proof.bundle_sha256.slice(0, 12))]);
    expect([byPath.code, byDigest.code]).toEqual([0, 0]);
    expect(byPath.stdout).toContain(`ADMIT of ${document.card.repository} ${document.card.head.slice(0, 12)}`);
    expect(await world.client.answers()).toBe(false);
  });

  test("--leaf proves one leaf, --json is one document, an unknown leaf is no evidence", async () => {
    const [leaf, unknown] = await Promise.all([verify(document.bundle, "--trust", trust, "--leaf", "identity", "--json"), verify(document.bundle, "--trust", trust, "--leaf", "nowhere")]);
    expect(oneDocument(leaf)).toMatchObject({ result: "verified", leaf: { leaf: { kind: "identity" } } });
    expect(leaf.code).toBe(0);
    expect(unknown.code).toBe(1);
    expect(unknown.stdout).toContain("leaf.unknown");
  });

  test("attack: a stranger's trust file, and a stranger's bundle, are unknown signers and never verified", async () => {
    const stranger = new World();
    try {
      const theirs = await stranger.judged(await stranger.changed({}, { "src/b.ts": "export const b = 2;\n" }));
      const their_trust = (await stranger.status()).trust_path;
      const [ours, them] = await Promise.all([verify(document.bundle, "--trust", their_trust), verify(theirs.bundle, "--trust", trust)]);
      expect([ours.code, them.code]).toEqual([3, 3]);
      for (const { stdout } of [ours, them]) {
        expect(stdout).toContain("UNKNOWN SIGNER");
        expect(stdout).not.toContain("VERIFIED");
      }
    } finally {
      await stranger.dispose();
    }
  });

  test("attack: one flipped bit anywhere is no evidence", async () => {
    const { length } = readFileSync(document.bundle);
    const places = [1, 0.2, 0.4, 0.6, 0.8, length - 2].map((place) => (place < 1 ? Math.floor(length * place) : place));
    const ran = await Promise.all(places.map((place, i) => verify(changed(`flipped${i}.json`, (bytes) => (bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place), bytes)), "--trust", trust)));
    expect(ran.map(({ code }) => code)).toEqual(places.map(() => 1));
    expect(ran.every(({ stdout }) => stdout.startsWith("FAILED"))).toBe(true);
  });

  test("attack: a verdict rewritten in the card is seen", async () => {
    const path = changed("rewritten.json", (bytes) => Buffer.from(bytes.toString().replace('"verdict":"admit"', '"verdict":"refuse"')));
    const { code, stdout } = await verify(path, "--trust", trust);
    expect(code).toBe(1);
    expect(stdout).toMatch(/card\.mismatch|bundle\.malformed|manifest/);
  });

  test("what is no bundle is said to be none: empty, cut short, other JSON, a folder, nothing there", async () => {
    const cases = {
      empty: changed("empty.json", () => Buffer.alloc(0)),
      cut: changed("cut.json", (bytes) => bytes.subarray(0, bytes.length >> 1)),
      other: changed("other.json", () => Buffer.from('{"a":1}')),
    };
    for (const path of Object.values(cases)) {
      const { code, stdout, stderr } = await verify(path, "--trust", trust);
      expect({ path, code, says: /bundle/.test(stdout + stderr) }).toEqual({ path, code: 1, says: true });
    }
    const card = await world.run(["card", cases.cut, "--json"]);
    expect(card.code).toBe(1);
    expect(oneDocument(card)).toMatchObject({ code: "bundle.malformed" });
    const [folder, nothing] = await Promise.all([verify(world.home, "--trust", trust), verify(world.path("nowhere.json"), "--trust", trust)]);
    expect([folder.code, nothing.code]).toEqual([2, 2]);
    expect(folder.stderr).toContain(world.home);
    expect(nothing.stderr).toContain("there is no bundle");
    for (const { stderr } of [folder, nothing]) expect(stderr).not.toContain("internal error");
  });

  test("a trust file that is missing, broken or not for eyes says so and exits 2, also in JSON", async () => {
    const broken = world.path("broken-trust.json");
    writeFileSync(broken, "{");
    const [missing, malformed, folder] = await Promise.all([verify(document.bundle, "--trust", world.path("nowhere")), verify(document.bundle, "--trust", broken, "--json"), verify(document.bundle, "--trust", world.home)]);
    expect([missing.code, malformed.code, folder.code]).toEqual([2, 2, 2]);
    expect(missing.stderr).toContain("trust.malformed");
    expect(JSON.stringify(oneDocument(malformed))).toContain("trust.malformed");
  });

  test("card shows a bundle file without a daemon, and says that this proves nothing", async () => {
    const [text, json] = await Promise.all([world.run(["card", document.bundle]), world.run(["card", document.bundle, "--json"])]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.stdout).toContain("ADMIT");
    expect(text.stderr).toContain("maestro verify");
    expect(oneDocument(json)).toMatchObject({ card: { verdict: "admit" } });
  });
});

describe("what goes wrong after the verdict", () => {
  beforeAll(async () => void (await world.daemon()));

  test("a bundle that cannot be kept where --out says is a usage error, and the gate itself stands", async () => {
    const ran = await world.gate(repository, ["--out", world.path("no/such/folder.json")]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("no/such/folder.json");
    expect(ran.stderr).not.toContain("internal error");
    expect(existsSync(document.bundle)).toBe(true);
  });

  test("evidence that does not verify never leaves with a verdict: exit 70, one document", async () => {
    // The daemon's own answers, but for the trust file: it is another's, as after a mix-up of folders.
    const between = world.path("between.sock");
    const proxy = Bun.serve({
      unix: between,
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/v1/trust") return Response.json({ trust: Buffer.from("{}").toString("base64") }, { headers: { [API_VERSION_HEADER]: API_VERSION } });
        return fetch(`http://localhost${pathname}`, { unix: world.socket_path, method: request.method, headers: request.headers, body: request.body });
      },
    });
    try {
      const [text, json] = await Promise.all([world.gate(repository, ["--socket", between]), world.gate(repository, ["--json", "--socket", between])]);
      expect([text.code, json.code]).toEqual([70, 70]);
      expect(text.stdout).toBe("");
      expect(text.stderr).toContain("does not verify: trust.malformed");
      expect(oneDocument(json)).toMatchObject({ code: "evidence.log" });
    } finally {
      await proxy.stop(true);
    }
  });
});
