/** Child: loads the daemon's code with one fault in it, plays the scene with all rules and then without the one, and says which rule stopped each. */
import { plugin } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Fault, withFault } from "../../testing/mutant.ts";

const ROOT = Bun.fileURLToPath(new URL("../../..", import.meta.url));
const [scene = "", id = "", edits_json = "[]"] = Bun.argv.slice(2);
/** The rule that nobody asks, by its id. */
const WITHOUT = { file: "daemon/guarding/shipped.ts", from: "return { documents: value.invariants,", to: 'return { documents: value.invariants.filter(({ id }) => id !== Reflect.get(globalThis, "without")),' };
const edits: readonly Fault[] = [...JSON.parse(edits_json), WITHOUT];

const mutated = (file: string, text: string): string => edits.filter((edit) => edit.file === file).reduce(withFault, text);

const files = new Map([...new Set(edits.map(({ file }) => file))].map((file) => [join(ROOT, file), file]));
// Before anything of the daemon is loaded: a file that cannot be mutated must stop this process, not be loaded as it is.
const contents = new Map([...files].map(([path, file]) => [path, mutated(file, readFileSync(path, "utf8"))]));
const escaped = [...files.keys()].map((path) => path.replace(/[.\\/+]/g, "\\$&"));
plugin({ name: "mutant", setup: (build) => void build.onLoad({ filter: new RegExp(`^(?:${escaped.join("|")})$`) }, ({ path }) => ({ contents: contents.get(path) ?? "", loader: "ts" })) });

const { SCENES } = await import("./scenes.ts");
const { played } = await import("./scene.ts");
const play = SCENES[scene];
if (play === undefined) throw new Error(`no scene ${scene}`);
const stopped_by = await played(play);
Reflect.set(globalThis, "without", id);
const outcome = { stopped_by, without: id === "" ? null : await played(play) };
process.stdout.write(`${JSON.stringify(outcome)}\n`);
process.exit(0);
