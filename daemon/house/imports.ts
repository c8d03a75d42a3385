/** Who may import whom, and why not. */
import { posix } from "node:path";
import type { Source } from "./sources.ts";

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root for a relative import, `null` for a package. */
  readonly target: string | null;
}

// `import type` counts too: a type borrowed sideways ties two rooms together as firmly as a call.
const STATIC = /^[ \t]*(?:(?:import|export)\s[\w$\s{},*]+?\sfrom|import)\s+["']([^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\(\s*["'`]([^"'`\n$]+)["'`]\s*\)/g;

export function importsOf({ path, code: text }: Source): Import[] {
  const specifiers = [STATIC, DYNAMIC].flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!));
  // Data is no room: package.json and pages are read, not stood on.
  const code = specifiers.filter((specifier) => !specifier.startsWith(".") || specifier.endsWith(".ts"));
  return code.map((specifier) => ({ specifier, target: specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : null }));
}

/** Floors of the house, lowest first; a room not named here is a feature. */
const FLOORS: readonly (readonly string[])[] = [
  ["proto"],
  ["kernels"],
  ["daemon/verifier", "daemon/invariants"],
  ["daemon/config", "daemon/platform"],
  ["daemon/store"],
  // What every question to a check process shares, whoever asks it: the process, the text it may show, not knowing.
  ["daemon/checking"],
  [],
  // Beside the gate: integrity looks at evidence and store alike, which no feature may.
  // Guards read records of any feature's tables.
  ["daemon/gate", "daemon/integrity", "daemon/guarding"],
  ["daemon/api"],
  ["daemon/main.ts", "daemon/compose.ts", "daemon/state.ts", "daemon/offline.ts", "daemon/daemon.ts", "daemon/status.ts", "daemon/impaired.ts", "daemon/own-sbom.ts", "daemon/witnessing.ts", "daemon/bundles.ts", "daemon/learned.ts", "daemon/evaluating.ts", "daemon/candidates.ts", "daemon/exported.ts", "daemon/routed.ts", "daemon/modelled.ts", "daemon/drafted.ts", "daemon/exampled.ts", "daemon/money.ts", "daemon/purse.ts", "daemon/asked.ts"],
  ["daemon/client"],
  ["daemon/cli", "daemon/ui", "daemon/reporter"],
  ["bench"],
];
const FEATURE = FLOORS.findIndex((rooms) => rooms.length === 0);

export const roomOf = (path: string): string => (path.startsWith("daemon/") ? path.split("/").slice(0, 2).join("/") : path.split("/")[0]!);

function floorOf(path: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)));
  return floor < 0 ? FEATURE : floor;
}

const NEVER: readonly (readonly [from: RegExp, to: RegExp, why: string])[] = [
  [/^daemon\/(?:cli|ui|client)\//, /^daemon\/(?!cli|ui|client|verifier|invariants)/, "a client speaks to the daemon through the socket alone"],
  [/^daemon\/client\//, /^daemon\/(?:cli|ui)\//, "the client does not know who uses it"],
  [/^daemon\/reporter\//, /^daemon\/(?!reporter|client|config|egress|platform|verifier|invariants)/, "the reporter has no state, no key and no verdict of its own"],
  [/(?:^|\/)(?:core|decide)\.ts$/, /^daemon\/(?:store|platform|api)\//, "a core is pure"],
  [/^(?!bench\/)/, /^daemon\/(?:testing|house|bootstrap)\//, "only tests and benches stand on the test floor"],
];

/** `from -> to: why not`, or `null` for an arrow that may be. */
export function forbiddenArrow(from: string, to: string): string | null {
  const why = NEVER.find(([a, b]) => a.test(from) && b.test(to))?.[2];
  if (why !== undefined) return `${from} -> ${to}: ${why}`;
  const roots = FLOORS[floorOf("daemon/main.ts")]!;
  if (roomOf(from) === roomOf(to) || (roots.includes(roomOf(from)) && roots.includes(roomOf(to)))) return null;
  if (floorOf(to) > floorOf(from)) return `${from} -> ${to}: imports run downward only`;
  const sideways = floorOf(to) === floorOf(from) && floorOf(from) >= FEATURE;
  return sideways ? `${from} -> ${to}: what two rooms of one floor share goes down, or is handed in` : null;
}

/** Where a package may be imported; everything in package.json has a row. `node:` and `bun:` come with the runtime. */
const HOMES: Readonly<Record<string, RegExp>> = {
  "@sinclair/typebox": /^(?:proto|daemon|bench)\//,
  "@noble/hashes": /^(?:proto|kernels|daemon|bench)\//,
  "@noble/curves": /^(?:kernels|daemon\/(?:verifier|evidence))\//,
  "@open-policy-agent/opa-wasm": /^(?:bench|daemon\/policy)\//,
  "@secretlint/core": /^daemon\/gate\/checks\//,
  "@secretlint/profiler": /^daemon\/gate\/checks\//,
  "@secretlint/secretlint-rule-preset-recommend": /^daemon\/gate\/checks\//,
  "@cyclonedx/cyclonedx-library": /^daemon\/(?:sbom|cli)\//,
  sigstore: /^daemon\/(?:egress\/keyless\/testing|e2e)\//,
  "@sigstore/bundle": /^(?:daemon\/(?:cli|egress)|bench)\//,
  "@sigstore/protobuf-specs": /^(?:daemon\/(?:cli|egress)|bench)\//,
  "@sigstore/mock": /^daemon\/egress\/keyless\/testing\//,
  "@sigstore/verify": /^(?:daemon\/cli|bench)\//,
  "fast-check": /^daemon\/analysis\/properties\//,
  elysia: /^daemon\/api\//,
  "hyparquet-writer": /^(?:daemon\/learning\/exporting|bench)\//,
  hyparquet: /^daemon\/learning\/exporting\//,
  jose: /^daemon\/tenants\//,
  jquery: /^daemon\/ui\/page\//,
  lmdb: /^daemon\/store\//,
  msgpackr: /^daemon\/(?:store|platform)\//,
  pino: /^daemon\/(?:platform|api|main)/,
  saxes: /^daemon\/commands\/reports\//,
  yaml: /^daemon\/(?:config|gate\/checks|invariants)\//,
  "axe-core": /^(?:bench|daemon\/ui\/testing)\//,
  merkletreejs: /^bench\//,
  "@modelcontextprotocol/sdk": /^bench\//,
  "@solana/zk-sdk": /^bench\//,
  openai: /^(?:bench|daemon\/e2e)\//,
  "puppeteer-core": /^(?:bench|daemon\/ui\/testing)\//,
  assemblyscript: /^kernels\//,
  "@marcbachmann/cel-js": /^(?:bench|daemon\/invariants)\//,
  "z3-solver": /^daemon\/analysis\/smt\//,
};
/** Rooms that a browser page or a stranger's machine runs: they may not reach for a disk, a process or a clock. */
const PORTABLE = /^(?:proto|daemon\/(?:verifier|invariants))\//;

const packageOf = (specifier: string): string => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");

/** Why a package may not be imported there, or `null`. */
export function forbiddenPackage(from: string, specifier: string): string | null {
  const builtin = /^(?:node|bun):/.test(specifier) || specifier === "bun";
  if (builtin) return PORTABLE.test(from) ? `${from} -> ${specifier}: this room also runs in a browser page` : null;
  const name = packageOf(specifier);
  const home = Object.hasOwn(HOMES, name) ? HOMES[name] : undefined;
  if (home === undefined) return `${from} -> ${specifier}: the package has no home in daemon/house/imports.ts`;
  return home.test(from) ? null : `${from} -> ${specifier}: this package lives in ${home.source}`;
}

export const HOUSED_PACKAGES = Object.keys(HOMES);
