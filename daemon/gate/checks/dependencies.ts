import type { FileChange } from "../../../proto/facts.ts";
import { pathText } from "../../../proto/scalar.ts";
import { defineCheck, type Example } from "./check.ts";

const LOCKS = "**/{package-lock.json,npm-shrinkwrap.json,yarn.lock,pnpm-lock.yaml,bun.lock,Cargo.lock,uv.lock,poetry.lock,go.sum}";
const MANIFESTS = "**/{package.json,.npmrc,.yarnrc,.yarnrc.yml,Cargo.toml,go.mod,pyproject.toml,requirements*.txt}";
const IS_OURS = /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|cargo\.lock|uv\.lock|poetry\.lock|go\.sum|package\.json|\.npmrc|\.yarnrc(?:\.yml)?|cargo\.toml|go\.mod|pyproject\.toml|requirements[\w.-]*\.txt)$/;

const isOurs = (file: FileChange): boolean => IS_OURS.test(pathText(file.path).toLowerCase());

const lock = (...packages: string[]) => `{"lockfileVersion": 3, "packages": {${packages.join(",")}}}\n`;
const locked = (name: string, host: string, more = "") => `\n"node_modules/${name}": {"version": "1.0.0", "resolved": "https://${host}/${name}/-/${name}-1.0.0.tgz", "integrity": "sha512-${name}AAAA=="${more}}`;
const manifest = (dependencies: object) => `${JSON.stringify({ name: "app", dependencies }, null, 2)}\n`;
const change = (path: string, old: string | null, now: string): Example["change"] => [{ path, old, new: now }];
const HOUSE = "registry.house.example";

export default defineCheck({
  id: "dependencies",
  question: "Does the change bring in code from somewhere new, swap what a version stands for, or run scripts on install?",
  contents: [LOCKS, MANIFESTS],
  reads: ["contents"],
  rules: [
    {
      id: "dep.foreign-source",
      title: "Package from a source the base does not use",
      why: "A lock line that points elsewhere, or at other bytes under the same version, is how a package is swapped without anyone reading it.",
      passes: { says: "One more package of the house's registry.", change: change("package-lock.json", lock(locked("a", HOUSE)), lock(locked("a", HOUSE), locked("b", HOUSE))) },
      fails: { says: "One package comes from another host.", change: change("package-lock.json", lock(locked("a", HOUSE)), lock(locked("a", HOUSE), locked("b", "cdn.other.example"))) },
      cannot_see: "The source of a lock file that is new as a whole and has one source only (said as a gap); bad releases on a known registry; sources in lock files the change does not touch; Gemfile, composer, Maven, Gradle, NuGet, Swift and Dart.",
      replay: "1 of 2,200 changes: a lock that lost 598 digests at once",
    },
    {
      id: "dep.install-script",
      title: "Script that runs on install",
      why: "It runs on every developer's machine and in CI before anyone has looked at it.",
      passes: { says: "A script that people start themselves.", change: change("package.json", `{"scripts": {}}\n`, `{"scripts": {"build": "tsc"}}\n`) },
      fails: { says: "A script npm starts by itself.", change: change("package.json", `{"scripts": {}}\n`, `{"scripts": {"postinstall": "node setup.js"}}\n`) },
      cannot_see: "`prepare`, which runs in this repository only; scripts of packages in locks that do not record them (Yarn, pnpm 9, Bun); setup.py, build.rs and the like.",
      replay: "1 of 2,200 changes: a bot's update that brought in an optional package with one",
    },
    {
      id: "dep.new-runtime",
      title: "New runtime dependency",
      why: "Everyone who uses the package from now on trusts its authors too.",
      passes: { says: "A newer version of what was there.", change: change("package.json", manifest({ a: "^1.0.0" }), manifest({ a: "^2.0.0" })) },
      fails: { says: "A name that was not there.", change: change("package.json", manifest({ a: "^1.0.0" }), manifest({ a: "^1.0.0", b: "^1.0.0" })) },
      cannot_see: "New packages further down the tree; names in manifests other than package.json, Cargo.toml, go.mod, pyproject.toml and requirements*.txt.",
      replay: "15 of 2,200 changes (14 by people, 1 by an agent)",
    },
  ],
  async run(facts, context) {
    const files = facts.files.filter(isOurs);
    if (files.length === 0) return { not_applicable: "the change touches no manifest or lock file" };
    const { compareDependencies } = await import("./manifest/compare.ts");
    return compareDependencies(facts, files, context.signal);
  },
});
