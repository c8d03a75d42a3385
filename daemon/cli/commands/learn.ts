import { MaestroError } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";
import { fileFailure } from "../write-file.ts";

/** `status` says what decides, `episodes` what was decided, `export` makes a folder of Parquet files, `fit` a candidate; `eval` judges one. Throws `cli.usage` and `store.no_space` for places that the user named. */
export const run: CommandModule["run"] = async ({ values, positionals: [verb, ...rest] }) => {
  try {
    if (verb === "status") return await (await import("../learn/shown.ts")).status(values);
    if (verb === "episodes") return await (await import("../learn/shown.ts")).episodes(rest[0], values, Date.now());
    if (verb === "export") return await (await import("../learn/export.ts")).exportEpisodes(rest[0], values);
    if (verb === "fit") return await (await import("../learn/judge.ts")).fit(rest[0], values);
    if (verb === "eval") return await (await import("../learn/judge.ts")).evaluate(rest[0], values);
  } catch (error) {
    throw fileFailure(error);
  }
  throw new MaestroError("cli.usage", "learn takes status, episodes, export, fit or eval");
};
