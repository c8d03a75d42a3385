/**
 * Makes one file of each program, with its bytecode beside it: `bun daemon/deb/bundle.ts --out FOLDER`. A daemon of more than 800 modules
 * is up in half the time. What a bundle starts or reads by path is the source tree it was made from, which stays beside it.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BuildConfig, BunPlugin } from "bun";
import { MaestroError } from "../../proto/errors.ts";

const PROJECT = join(import.meta.dir, "../..");

const WORKER = "daemon/gate/worker.ts";

/** Program by the name of its file, without the ending. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  maestrod: "daemon/main.ts", maestro: "daemon/cli/quick.ts", "maestro-hook": "daemon/cli/hook.ts", "maestro-all": "daemon/cli/main.ts", worker: WORKER,
  // The engines' packages are none of these: a worker is told where they lie, and loads them from there.
  "text-worker": "daemon/models/text/worker.ts", "embedding-worker": "daemon/models/embedding/worker.ts", "index-worker": "daemon/models/vectors/worker.ts",
};

const QUICK = "maestro";
/** Of what a failed build says, its end. */
const BYTES_SAID_MAX = 4_000;

/** Asked for by few hosts or changes; they would lie in the memory of all. */
const EXTERNAL = ["jose", "file-type", "@cyclonedx/cyclonedx-library", "@sigstore/bundle", "@sigstore/protobuf-specs", "@sigstore/verify"];

const OWN_PLACE = /\bimport\.meta\.(\w+)/g;
/** Properties of the place that a bundle names instead. */
const PROPERTY: Readonly<Record<string, string>> = { url: "href", path: "pathname" };

/**
 * The bundler would write down where a file lay when the bundle was made. A bundle asks where it lies itself, and goes from there to the
 * source: a package is built in one folder and used in another.
 */
function ownPlaces(out: string): BunPlugin {
  const place = (path: string): string => `new URL(${JSON.stringify(relative(out, path))}, Bun.pathToFileURL(Bun.main))`;
  return {
    name: "own-places",
    setup(build) {
      build.onLoad({ filter: /\/(?:daemon|proto|kernels)\/.*\.ts$/ }, ({ path }) => ({
        loader: "ts",
        contents: readFileSync(path, "utf8").replace(OWN_PLACE, (found, asked: string) => {
          if (PROPERTY[asked] === undefined) throw new MaestroError("install.failed", `${path} asks ${found}, which a bundle cannot answer`);
          return `${place(path)}.${PROPERTY[asked]}`;
        }),
      }));
      // Packages look for what lies beside them, LMDB for its native part.
      build.onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, ({ path }) => {
        const contents = readFileSync(path, "utf8");
        const own = contents.replace(/\b__dirname\b/g, `${place(dirname(path))}.pathname`).replace(/\b__filename\b/g, `${place(path)}.pathname`).replace(/\bimport\.meta\.url\b/g, `${place(path)}.href`);
        return own === contents ? undefined : { loader: "js", contents: own };
      });
      build.onLoad({ filter: /\.wasm$/ }, ({ path }) => ({ loader: "js", contents: `export default ${place(path)}.pathname;` }));
    },
  };
}

/** Of the commands only `status` comes into the quick program, which hands on whoever asks for another. */
const quickOnly: BunPlugin = {
  name: "quick-only",
  setup(build) {
    build.onResolve({ filter: /\/commands\/[\w-]+\.ts$/ }, ({ path }) => (path.endsWith("/status.ts") ? undefined : { path: "maestro-all.js", external: true }));
    build.onResolve({ filter: /\/embedded\.ts$/ }, () => ({ path: "maestro-all.js", external: true }));
  },
};

/**
 * What a check loads while it runs, it loads in a check process, which is a program of its own. The daemon knows of checks their names and rules:
 * code that nobody calls there would lie in its memory all the same.
 */
function checksElsewhere(out: string): BunPlugin {
  return {
    name: "checks-elsewhere",
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, kind }) =>
        kind === "dynamic-import" && importer.includes("/daemon/gate/checks/") ? { path: relative(out, resolve(dirname(importer), path)), external: true } : undefined,
      );
    },
  };
}

async function built(config: BuildConfig): Promise<Bun.BuildOutput> {
  const output = await Bun.build(config);
  if (!output.success) throw new MaestroError("install.failed", `a program could not be bundled: ${output.logs.join("; ")}`);
  return output;
}

/** Of the tree this process stands in. */
async function bundleHere(out: string): Promise<void> {
  const home = process.cwd();
  mkdirSync(out, { recursive: true });
  for (const [name, source] of Object.entries(PROGRAMS)) {
    await built({
      entrypoints: [join(home, source)],
      outdir: out,
      naming: `${name}.js`,
      target: "bun",
      format: "cjs",
      bytecode: true,
      // With them, whether a module that is loaded both at once and later is begun in one place more was left to chance: three texts of maestrod in eight runs.
      ignoreDCEAnnotations: true,
      external: EXTERNAL,
      // Names stay, so that a stack still says who called whom; what a bundle's text takes is memory for as long as the program runs.
      minify: { whitespace: true, syntax: true, identifiers: false, keepNames: true },
      plugins: [...(name === QUICK ? [quickOnly] : source === WORKER ? [] : [checksElsewhere(out)]), ownPlaces(out)],
    });
  }
}

/**
 * Writes every program into `folder`, which lies in the tree it will be used from. Throws `install.failed`. In a process of its own that
 * stands in the tree: the bundler names each source as seen from where it was started, and the same tree must give the same bytes.
 */
export async function bundlePrograms(folder: string, home = PROJECT): Promise<void> {
  const child = Bun.spawn([process.execPath, import.meta.path, "--out", resolve(folder)], { cwd: home, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new MaestroError("install.failed", `the programs could not be bundled: ${said.slice(-BYTES_SAID_MAX)}`);
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Bun.argv.slice(2), options: { out: { type: "string" } }, strict: true });
  if (values.out === undefined) throw new MaestroError("cli.usage", "usage, in the tree to be bundled: bundle.ts --out FOLDER");
  await bundleHere(resolve(values.out));
}
