/** What configuration says of one path, of files that a person has on disk: a question, not a gate. */
import { Type, type Static } from "@sinclair/typebox";
import { ConfigReply } from "./api.ts";
import { FolderFile, RepositoryConfig } from "./config.ts";
import { Closed } from "./scalar.ts";

const FolderName = Type.String({ maxLength: 1024, description: "where the file stands, without a slash at its end; empty for the root" });

export const EffectiveRequest = Closed({
  path: Type.String({ minLength: 1, maxLength: 4096, description: "relative to the repository's root" }),
  files: Type.Array(Closed({ folder: FolderName, text: Type.String({ maxLength: 65_536 }) }), { maxItems: 65, description: "every maestro.yaml above the path" }),
});
export type EffectiveRequest = Static<typeof EffectiveRequest>;
export type EffectiveReply = ConfigReply;

/** The files are a stranger's, so a check process reads them. */
export const ConfigsJob = Closed({ kind: Type.Literal("configs"), files: EffectiveRequest.properties.files });
export type ConfigsJob = Static<typeof ConfigsJob>;
export const ConfigsReply = Closed({ kind: Type.Literal("configs"), root: RepositoryConfig, folders: Type.Array(FolderFile, { maxItems: 65 }) });
export type ConfigsReply = Static<typeof ConfigsReply>;
