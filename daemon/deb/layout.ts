/** What the package holds and where it goes. */
import { basename } from "node:path";

/** The program's own folder; units and launchers name it. */
export const HOME = "usr/lib/maestro";

/** CycloneDX of what the package holds of others. */
export const SBOM = "usr/share/doc/maestro/maestro.cdx.json";

/** Folders of the source that run; tests, benches and documents stay behind. */
export const SOURCE_FOLDERS = ["daemon", "proto", "kernels", "policies/default", "policies/prompts", "invariants", "docs/ci"] as const;
export const SOURCE_FILES = ["package.json", "bunfig.toml", "LICENSE"] as const;

/** From `systemd/` to their places. */
export const SYSTEM_FILES: Readonly<Record<string, string>> = {
  "maestrod.service": "lib/systemd/system/maestrod.service",
  "maestrod.socket": "lib/systemd/system/maestrod.socket",
  "maestrod-admin.socket": "lib/systemd/system/maestrod-admin.socket",
  "maestrod-verify.socket": "lib/systemd/system/maestrod-verify.socket",
  "maestro-egress.socket": "lib/systemd/system/maestro-egress.socket",
  "maestro-egress@.service": "lib/systemd/system/maestro-egress@.service",
  "maestro-reporter.service": "lib/systemd/system/maestro-reporter.service",
  "maestro-sandbox.socket": "lib/systemd/system/maestro-sandbox.socket",
  "maestro-sandbox@.service": "lib/systemd/system/maestro-sandbox@.service",
  "maestro.sysusers": "usr/lib/sysusers.d/maestro.conf",
  "maestro.tmpfiles": "usr/lib/tmpfiles.d/maestro.conf",
  "maestrod.yaml": "usr/share/doc/maestro/examples/maestrod.yaml",
  "sealed.conf": "usr/share/doc/maestro/examples/sealed.conf",
  "sandbox-loopback.conf": "usr/share/doc/maestro/examples/sandbox-loopback.conf",
  "alerts.rules.yml": "usr/share/doc/maestro/examples/alerts.rules.yml",
};

/** What `maestro completions` prints, and where each shell looks for it. */
export const COMPLETIONS: Readonly<Record<string, string>> = {
  bash: "usr/share/bash-completion/completions/maestro",
  zsh: "usr/share/zsh/vendor-completions/_maestro",
  fish: "usr/share/fish/vendor_completions.d/maestro.fish",
};

/** The page that an auditor opens; docs/verifier-page.md names this place. */
export const VERIFIER_PAGE = "usr/share/maestro/verifier.html";

/** One file of a program, made from the source beside it. */
export const BUNDLES = "run";

/** Packages that others only name as peers: the compiler is never started by a daemon. */
export const UNUSED_PACKAGES = ["typescript", "@typescript"] as const;

/** Tests and what only tests use are no part of an installation; `daemon/models/vectors` is no set of test vectors. */
export function ships(path: string): boolean {
  const name = basename(path);
  return !/\.(?:test|slow|canary|accept|corpora|nightly)\.ts$/.test(name) && !/(?:^|\/)kernels\/[^/]+\/vectors$/.test(path) && !["testing", "house", "e2e", "bootstrap", "deb", "corpus", "node_modules"].includes(name);
}
