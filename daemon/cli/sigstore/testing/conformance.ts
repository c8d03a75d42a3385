/** The cases of sigstore-conformance, as its README says they are read. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Question } from "../judge.ts";

const ROOT = join(import.meta.dir, "../../../..");
export const CASES = join(ROOT, "../shared/vectors/sigstore-bundles/test/assets/bundle-verify");
/** The public instance's trusted root as the `sigstore` package brings it along; product code never looks there. */
const SEEDS = join(ROOT, "node_modules/@sigstore/tuf/seeds.json");

const IDENTITY = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER = "https://token.actions.githubusercontent.com";

export const caseNames = (folder = CASES): string[] => readdirSync(folder).filter((name) => existsSync(join(folder, name, "bundle.sigstore.json"))).sort();

export function publicRoot(): Uint8Array {
  const [instance] = Object.values(JSON.parse(readFileSync(SEEDS, "utf8")) as Record<string, { targets: Record<string, string> }>);
  return Buffer.from(instance?.targets["trusted_root.json"] ?? "", "base64");
}

export interface CaseFiles {
  readonly bundle: string;
  readonly artifact: string;
  /** Null where the public instance's is meant. */
  readonly trusted_root: string | null;
  readonly key: string | null;
  readonly identity: string;
  readonly issuer: string;
}

export function caseFiles(name: string, folder = CASES): CaseFiles {
  const there = (file: string): string | null => (existsSync(join(folder, name, file)) ? join(folder, name, file) : null);
  const words = (file: string): string | null => (there(file) === null ? null : readFileSync(join(folder, name, file), "utf8").trim());
  return {
    bundle: join(folder, name, "bundle.sigstore.json"),
    artifact: there("artifact") ?? join(folder, "a.txt"),
    trusted_root: there("trusted_root.json"),
    key: there("key.pub"),
    identity: words("identity") ?? IDENTITY,
    issuer: words("issuer") ?? ISSUER,
  };
}

export function questionOf(name: string): Question {
  const { bundle, artifact, trusted_root, key, identity, issuer } = caseFiles(name);
  return {
    bundle: readFileSync(bundle),
    trusted_root: trusted_root === null ? publicRoot() : readFileSync(trusted_root),
    file_or_digest: artifact,
    wanted: key === null ? { identity, issuer } : { key: readFileSync(key) },
    predicate_type: null,
    now: new Date(),
  };
}
