/** Under an operator's trust file the node's own word for itself no longer counts. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MaestroError } from "../../../proto/errors.ts";
import type { TrustBody } from "../../../proto/trust.ts";
import { openTrust } from "../../verifier/trust.ts";
import { openKeys } from "./index.ts";
import { generatePrivateKey, signerFromPem } from "./signer.ts";
import { signTrust, trustFileBytes } from "./trust.ts";

const folder = mkdtempSync(join(tmpdir(), "maestro-operator-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DOMAIN = "ci.example.org";
const now = new Date("2026-01-01T00:00:00Z");
const root = signerFromPem("ed25519", generatePrivateKey("ed25519"), "root");
let serial = 0;

const bodyOf = (path: string): TrustBody => JSON.parse(readFileSync(path, "utf8")).body;

/** A node that has started once, and the operator's file over its keys, with one thing changed. */
function node(change: (body: TrustBody) => TrustBody = (body) => body) {
  const state_dir = join(folder, `state-${serial++}`);
  const first = openKeys({ state_dir, now, trust_domain: DOMAIN });
  const body = bodyOf(first.trust_path);
  const operated: TrustBody = { ...body, self_made: false, keys: body.keys.map((line) => ({ ...line, modes: ["host"] })) };
  const trust_file = join(folder, `trust-${serial}.json`);
  writeFileSync(trust_file, trustFileBytes(signTrust(change(operated), root)), { mode: 0o644 });
  const open = (modes: readonly ("host" | "local")[] = ["host"]) => openKeys({ state_dir, now, trust_domain: DOMAIN, operator: { trust_file, modes } });
  return { open, trust_file, trust_path: first.trust_path };
}

function refusal(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code} ${error.detail}`;
    throw error;
  }
  return "opened";
}

test("the operator's file is what the node signs under and what it hands out", () => {
  const { open, trust_file, trust_path } = node();
  const keys = open();
  expect(keys.trust).toMatchObject({ self_made: false, trust_domain: DOMAIN });
  expect(readFileSync(trust_path)).toEqual(readFileSync(trust_file));
});

describe("a file that is refused at start", () => {
  const cases: readonly (readonly [name: string, says: string, change: (body: TrustBody) => TrustBody])[] = [
    ["one that the daemon wrote for itself", "gives no authority", (body) => ({ ...body, self_made: true })],
    ["one without the mode", "does not let", (body) => ({ ...body, keys: body.keys.map((line) => ({ ...line, modes: ["local"] })) })],
    ["one of another node", "does not name gate key", (body) => ({ ...body, keys: body.keys.filter(({ role }) => role === "log") })],
    ["one that gives the log another origin", "for this node", (body) => ({ ...body, keys: body.keys.map((line) => (line.role === "log" ? { ...line, log_origin: "log.elsewhere.example" } : line)) }) ],
    ["one of another trust domain", "other.example", (body) => ({ ...body, trust_domain: "other.example" })],
  ];
  for (const [name, says, change] of cases) {
    test(name, () => {
      const { open, trust_path } = node(change);
      expect(refusal(() => open())).toContain(name.includes("origin") ? "log.elsewhere.example" : says);
      // What the operator needs for signing stands there all the same.
      expect(bodyOf(trust_path).self_made).toBe(true);
    });
  }

  test("one that others can write, one whose signature is somebody else's, and none at all", () => {
    const open_file = node();
    chmodSync(open_file.trust_file, 0o666);
    expect(refusal(() => open_file.open())).toContain("written by others");
    const forged = node();
    const file = JSON.parse(readFileSync(forged.trust_file, "utf8"));
    writeFileSync(forged.trust_file, JSON.stringify(file).replace('"modes":["host"]', '"modes":["fork"]'));
    expect(refusal(() => forged.open())).toContain("the root key did not sign");
    const gone = node();
    rmSync(gone.trust_file);
    expect(refusal(() => gone.open())).toContain("maestro trust sign");
  });
});

test("a self-made file never lists a mode but local", () => {
  const { trust_path } = node();
  const opened = openTrust(new Uint8Array(readFileSync(trust_path)));
  expect(opened.ok && opened.value.entries.every(({ entry }) => entry.modes.join() === "local")).toBe(true);
});
