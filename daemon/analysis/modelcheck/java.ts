/** Which Java runs TLC. Looked for by files alone: asking it for its version takes a quarter of a second. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { canonicalText } from "../../../proto/canonical.ts";
import { errno } from "../../platform/kernel/errno.ts";
import { JAVA_MAJOR_MIN } from "./release.ts";

export interface Java {
  /** Below `home`. */
  readonly program: string;
  readonly home: string;
  readonly version: string;
  /** Of what it says of itself, and of size and time of its machine and its library: another installation is another one. */
  readonly sha256: string;
  /** Folders beside `home` and the system's own that its configuration lies in. */
  readonly folders: readonly string[];
}

export interface Missing {
  readonly because: string;
}

const REMEDY = `install one, as Debian's openjdk-17-jre-headless, or name its folder in JAVA_HOME`;

const absent = (error: unknown): boolean => ["ENOENT", "ENOTDIR", "EACCES"].includes(errno(error) ?? "");

function real(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (absent(error)) return null;
    throw error;
  }
}

/** Of a configuration that lies elsewhere, the folder below the one that is everybody's. */
function configurationFolders(home: string): string[] {
  const targets = ["lib/jvm.cfg", "conf/security/java.security", "conf/logging.properties"].flatMap((name) => real(join(home, name)) ?? []);
  return [...new Set(targets.filter((path) => !path.startsWith(`${home}/`)).map((path) => (path.startsWith("/etc/") ? path.split("/").slice(0, 3).join("/") : dirname(path))))];
}

function described(home: string): Java | Missing {
  try {
    const release = readFileSync(join(home, "release"), "utf8");
    const version = /^JAVA_VERSION="([^"]{1,100})"$/m.exec(release)?.[1];
    if (version === undefined) return { because: `${home}/release names no version of Java; ${REMEDY}` };
    const [first, second] = version.split(/[._+-]/).map(Number);
    const major = first === 1 ? second : first;
    if (!(major !== undefined && major >= JAVA_MAJOR_MIN)) return { because: `Java ${version} in ${home} is older than ${JAVA_MAJOR_MIN}; ${REMEDY}` };
    const parts = ["lib/server/libjvm.so", "lib/modules"].map((name) => {
      const { size, mtimeNs } = statSync(join(home, name), { bigint: true });
      return [name, String(size), String(mtimeNs)];
    });
    const sha256 = Bun.SHA256.hash(canonicalText({ release, parts }), "hex");
    return { program: join(home, "bin/java"), home, version, sha256, folders: configurationFolders(home) };
  } catch (error) {
    if (absent(error)) return { because: `${home} is no Java that can run TLC (${String(error)}); ${REMEDY}` };
    throw error;
  }
}

/** The one of JAVA_HOME, or the first of PATH. */
export function findJava(java_home: string | null, path: string | null): Java | Missing {
  if (java_home !== null && java_home !== "") return described(real(java_home) ?? java_home);
  for (const folder of (path ?? "").split(delimiter).filter((name) => name.startsWith("/"))) {
    const program = real(join(folder, "java"));
    if (program !== null) return described(dirname(dirname(program)));
  }
  return { because: `there is no Java on the PATH; ${REMEDY}` };
}
