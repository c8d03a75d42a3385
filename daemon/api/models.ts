/** Routes of the model store: what is here, taking a model in, looking at its bytes, letting it go. */
import type { InferenceLimits } from "../../proto/limits.ts";
import { MODEL_FILES_MAX, ModelName } from "../../proto/model-store.ts";
import { IMPORT_HEAD_BYTES_MAX, ModelImported, ModelRemoved, ModelsReply, ModelVerified } from "../../proto/models-api.ts";
import type { ModelLibrary } from "../models/library/index.ts";
import { route, type Route } from "./route.ts";

export interface ModelRouteDeps {
  readonly library: () => Promise<ModelLibrary>;
  /** Of the host's configuration; absent: beside the program. */
  readonly engine_folder: () => string | undefined;
  readonly limits: Pick<InferenceLimits, "file_bytes_max">;
}

const OPERATOR = { access: "operator", request: null } as const;
const NAMED = { ...OPERATOR, params: { name: ModelName }, body_bytes_max: 0 } as const;

export function modelRoutes({ library, engine_folder, limits }: ModelRouteDeps): Route[] {
  return [
    route("models", {
      access: "any",
      summary: "Local models that are stored here, those that the lock knows how to obtain, and the engines that are installed",
      params: {},
      request: null,
      reply: ModelsReply,
      body_bytes_max: 0,
      async handle() {
        const [{ ENGINES, engines, engineFolderOf }, opened] = await Promise.all([import("../models/library/index.ts"), library()]);
        const installed = engines(engineFolderOf(engine_folder()));
        return {
          models: opened.list().map((one) => ({ ...one })),
          obtainable: [...opened.obtainable()],
          damaged: [...opened.damaged()],
          engines: ENGINES.map((name) => ({ name, version: installed.version(name), wanted: installed.wanted(name) })),
          engine_folder: installed.folder,
        };
      },
    }),
    route("importModel", {
      ...OPERATOR,
      summary: "Take a model in: one line of JSON that says what follows, then the bytes of its files; all of it is stored, or nothing",
      params: {},
      reply: ModelImported,
      body_bytes_max: Math.min(Number.MAX_SAFE_INTEGER, IMPORT_HEAD_BYTES_MAX + MODEL_FILES_MAX * limits.file_bytes_max),
      handle: async ({ stream }) => (await library()).importBody(stream),
    }),
    route("verifyModel", { ...NAMED, summary: "Read every byte of a model against its digest", reply: ModelVerified, handle: async ({ params }) => (await library()).verify(params.name) }),
    route("removeModel", { ...NAMED, summary: "Forget a model; bytes that nothing else refers to go with the next gc", reply: ModelRemoved, handle: async ({ params }) => ({ removed: await (await library()).remove(params.name) }) }),
  ];
}
