/** A commit in a repository, under the name that the daemon knows the repository by. */
import type { RepositoriesReply } from "../../../proto/api.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { ClientGit } from "../../client/git.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { originOf } from "../../client/origin.ts";
import type { Values } from "../command.ts";
import { chooseOffer } from "../place.ts";

const ANSWER_BYTES_MAX = 64 * 1024;

export interface Identified {
  readonly head: string;
  readonly repository: string;
  readonly mode: "host" | "fork" | "local";
}

/** A commit and the folder with the repository's objects, as git told them. */
interface Located {
  readonly head: string;
  readonly common_dir: string;
}

/** Under which name the daemon knows it. Throws what choosing a row of the host's table throws. */
export function offered(offers: RepositoriesReply, { head, common_dir }: Located, values: Values): Identified {
  const origin = originOf(common_dir);
  const offer = chooseOffer(offers, values, origin.url);
  if (offer === null) return { head, repository: origin.name, mode: "local" };
  return typeof offer === "string" ? { head, repository: offer, mode: "host" } : { head, repository: offer.id, mode: offer.mode };
}

/** Throws `git.unknown_ref` for what is no commit, and what choosing a row of the host's table throws. */
export async function identify(client: Pick<MaestroClient, "repositories">, folder: string, source: string, values: Values): Promise<Identified> {
  return offered(await client.repositories(), await located(folder, source), values);
}

/** Throws `git.unknown_ref`, `git.not_repository`, `git.empty_repository`. */
export async function located(folder: string, source: string): Promise<Located> {
  const git = new ClientGit(folder);
  if (source.startsWith("-") || /[\0\n]/.test(source)) throw new MaestroError("git.unknown_ref", source);
  // One process for both, because an agent waits for it.
  const { code, stdout } = await git.run("rev-parse", ["--path-format=absolute", "--git-common-dir", `${source}^{commit}`], { stdout_bytes_max: ANSWER_BYTES_MAX });
  const lines = Buffer.from(stdout).toString("utf8").split("\n").slice(0, -1);
  const head = lines.at(-1) ?? "";
  // The folder is told first, and where there is none nothing is.
  if (code !== 0 && lines.length === 0) throw new MaestroError("git.not_repository", folder);
  if (code !== 0 && source === "HEAD") throw new MaestroError("git.empty_repository", folder);
  if (code !== 0 || !/^[0-9a-f]{40,64}$/.test(head)) throw new MaestroError("git.unknown_ref", source);
  return { head, common_dir: lines.slice(0, -1).join("\n") };
}
