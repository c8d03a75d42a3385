/** Java, the jar and the folder they are used from, as they are found on this machine. Nothing here fetches anything. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentOf } from "../../config/environment.ts";
import { errno } from "../../platform/kernel/errno.ts";
import { findJava, type Java, type Missing } from "./java.ts";
import { COORDINATES, JAR, JAR_BYTES, JAR_SHA256 } from "./release.ts";

export interface Toolchain {
  readonly java: Java;
  /** Holds the jar and the class archives, and nothing else. */
  readonly folder: string;
  readonly jar: string;
}

/** A folder other than the program's own, for an installation that nobody may write to. */
const FOLDER_VARIABLE = "MAESTRO_TLA_DIR";
/** Where set-up takes the jar from instead of asking the Maven client: a file, or a sealed blob by its path. */
export const JAR_VARIABLE = "MAESTRO_TLA2TOOLS_JAR";

const OWN_FOLDER = Bun.fileURLToPath(new URL("../../../.toolchain/tla", import.meta.url));

export const toolFolder = (): string => environmentOf(FOLDER_VARIABLE) ?? OWN_FOLDER;

const isTheJar = (bytes: Uint8Array): boolean => bytes.length === JAR_BYTES && Bun.SHA256.hash(bytes, "hex") === JAR_SHA256;

/** Null where it is the pinned one. Read whole each time: two milliseconds, and no word of a file's times is taken for its content. */
export function jarProblem(jar: string): string | null {
  try {
    return isTheJar(readFileSync(jar)) ? null : `${jar} is not ${COORDINATES}: its SHA-256 is not the pinned one; remove it and run npm run tools`;
  } catch (error) {
    if (errno(error) === undefined) throw error;
    return `${jar} cannot be read (${errno(error)}); npm run tools obtains it with the Maven client, or from the file that ${JAR_VARIABLE} names`;
  }
}

/** Where Java and the jar are, without a look at the jar: an answer that is known needs none, and whatever is run has it read by `runModel`. */
export function placedToolchain(): Toolchain | Missing {
  const folder = toolFolder();
  const java = findJava(environmentOf("JAVA_HOME"), environmentOf("PATH"));
  return "because" in java ? java : { java, folder, jar: join(folder, JAR) };
}

export function findToolchain(): Toolchain | Missing {
  const because = jarProblem(join(toolFolder(), JAR));
  return because === null ? placedToolchain() : { because };
}
