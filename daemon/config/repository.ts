/** `maestro.yaml` of a repository. Pure, and run in a check process: the bytes are a stranger's. */
import { FolderConfig, RepositoryConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { toolProblem } from "./tools.ts";
import { validate } from "./validate.ts";
import { readYaml } from "./yaml.ts";

export const REPOSITORY_CONFIG_NAME = "maestro.yaml";

/** A path inside a tree: relative, without empty, `.` or `..` segments, so that it means one file on every host. */
function staysInside(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

function twiceIn(entries: NonNullable<RepositoryConfig["learned"]>): string | null {
  const names = entries.flatMap(({ path, router }) => [`path ${path}`, `router ${router}`]);
  return names.find((name, i) => names.indexOf(name) < i) ?? null;
}

/** Throws `config.malformed` or `config.unknown_key` with line and path. */
export function parseRepositoryConfig(bytes: Uint8Array): RepositoryConfig {
  const document = readYaml(bytes, REPOSITORY_CONFIG_NAME);
  const config = validate(RepositoryConfig, document, REPOSITORY_CONFIG_NAME);
  if (config.policy !== undefined && !staysInside(config.policy)) {
    throw new MaestroError("config.malformed", `${REPOSITORY_CONFIG_NAME}:${document.lineOf(["policy"])}: policy: a path inside the repository is expected`);
  }
  const problem = toolProblem(config);
  if (problem !== null) throw new MaestroError("config.malformed", `${REPOSITORY_CONFIG_NAME}:${document.lineOf(problem.path)}: ${problem.path.join(".")}: ${problem.because}`);
  const twice = twiceIn(config.learned ?? []);
  if (twice !== null) throw new MaestroError("config.malformed", `${REPOSITORY_CONFIG_NAME}:${document.lineOf(["learned"])}: learned: ${twice} stands there twice; a router has one policy, and a file is of one router`);
  return config;
}

/** `maestro.yaml` of the folder `folder`. Throws `config.malformed` or `config.unknown_key` with line and path: a key that only the root's file has is unknown here. */
export function parseFolderConfig(bytes: Uint8Array, folder: string): FolderConfig {
  const name = `${folder}/${REPOSITORY_CONFIG_NAME}`;
  return validate(FolderConfig, readYaml(bytes, name), name);
}
