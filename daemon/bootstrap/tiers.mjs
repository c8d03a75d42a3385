/**
 * Tiers of tests that `bun test` does not find by itself, because they need other people's programs, corpora or hours: `NAME.TIER.ts`
 * below bench/; and `NAME.slow.ts` beside the code it is about, which is a test like any other and takes long.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { roomsOf, runInLanes } from "./lanes.mjs";
import { withPrograms } from "./programs.mjs";
import { BootstrapError, EXIT } from "./steps.mjs";

/** How long one test, and one file of them, may take. Programs are built from their sources here at the first run. */
const DEADLINES = {
  accept: { test_deadline_ms: 600_000, file_deadline_ms: 3_600_000 },
  corpora: { test_deadline_ms: 600_000, file_deadline_ms: 3_600_000 },
  nightly: { test_deadline_ms: 14_400_000, file_deadline_ms: 28_800_000 },
  slow: { test_deadline_ms: 240_000, file_deadline_ms: 900_000 },
};
/** Other people's programs and data: what was skipped there was not shown. */
const SKIPS_FAIL = ["accept", "corpora"];
/** Where the test data of others lies when nobody says: beside the project. */
const CORPORA = "../shared";

/** Files of a tier, those with one of the names; all of them where nothing is named. Throws for a name that none has. */
export function tierFiles(root, tier, names) {
  const rooms = tier === "slow" ? roomsOf(root) : ["bench"];
  const all = rooms.flatMap((room) => readdirSync(join(root, room), { recursive: true }).map((file) => `${room}/${file}`)).filter((file) => file.endsWith(`.${tier}.ts`));
  const missing = names.find((name) => !all.some((file) => file.endsWith(`${name}.${tier}.ts`)));
  if (missing !== undefined) throw new BootstrapError(`no ${tier} tests named ${missing}; there are: ${all.map((file) => file.slice(tier === "slow" ? 0 : "bench/".length, -`.${tier}.ts`.length)).sort().join(", ")}`, EXIT.usage);
  const wanted = names.length === 0 ? all : all.filter((file) => names.some((name) => file.endsWith(`${name}.${tier}.ts`)));
  if (wanted.length === 0) throw new BootstrapError(`there are no ${tier} tests`, EXIT.usage);
  return wanted.sort();
}

/** Minutes after which no file of the tier is begun, and the one that runs is ended. */
const WITHIN = /^--within=([1-9]\d{0,3})$/;
const MINUTE_MS = 60_000;

/** One file after the other, for they start browsers, registries and compilers; slow ones beside each other, as in `npm test`. */
export async function runTier(bun, root, tier, args, env = {}) {
  const minutes = args.map((arg) => WITHIN.exec(arg)?.[1]).find((found) => found !== undefined);
  const files = tierFiles(root, tier, args.filter((arg) => !WITHIN.test(arg)));
  const within = minutes === undefined ? {} : { run_deadline_ms: Number(minutes) * MINUTE_MS };
  return withPrograms(bun, root, files, (more) => runInLanes(bun, root, files, { ...(tier === "slow" ? {} : { lanes: 1 }), ...DEADLINES[tier], ...within, skips_fail: SKIPS_FAIL.includes(tier), env: { ...process.env, ...more, ...env } }));
}

/** Test data of others that no registry has: in a folder `vectors` of `folder`. */
export async function runCorpora(bun, root, folder, cwd) {
  const path = folder === undefined ? join(root, CORPORA) : resolve(cwd, folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) throw new BootstrapError(`there is no folder ${path} with test data; name one: npm run accept -- corpora DIR`, EXIT.usage);
  return runTier(bun, root, "corpora", [], { MAESTRO_CORPORA: path });
}
