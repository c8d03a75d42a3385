import type { Command } from "../command.ts";
import { ON_DEMAND } from "./work.ts";

export const MODELS: Command = {
  name: "models",
  summary: "local models and the engines that run them: setup obtains both and checks every byte, import takes files, list, verify, remove; see docs/models.md",
  positionals: "[list|setup|import|verify|remove] [NAME...]",
  positionals_max: 17,
  options: {
    ...ON_DEMAND,
    "engines-only": { type: "boolean", help: "setup: no models" },
    "models-only": { type: "boolean", help: "setup: no engines" },
    cuda: { type: "boolean", help: "setup: also the part of the engine that computes on NVIDIA GPUs (540 MB)" },
    vulkan: { type: "boolean", help: "setup: also the part for GPUs by Vulkan (71 MB)" },
    weights: { type: "string", value: "FILE", help: "import: GGUF of a text model or an adapter, ONNX of an embedding" },
    tokenizer: { type: "string", value: "FILE", help: "import: tokenizer.json of an embedding" },
    "tokenizer-config": { type: "string", value: "FILE", help: "import: tokenizer_config.json of an embedding" },
    "model-config": { type: "string", value: "FILE", help: "import: config.json of an embedding" },
    licence: { type: "string", value: "FILE", help: "import: the text of its licence; nothing is stored without" },
    notice: { type: "string", value: "FILE", help: "import: a notice that the licence asks for" },
    kind: { type: "string", value: "KIND", help: "import of a name that no lock has: text, embedding or adapter" },
    "licence-id": { type: "string", value: "ID", help: "import of such: SPDX identifier, or LicenseRef-NAME" },
    context: { type: "string", value: "TOKENS", help: "import of such: most tokens of a context that it was made for" },
    template: { type: "string", value: "HOW", help: "import of such: how messages become text: file (its own chat template), chatml, gemma, or none (default)" },
    quantisation: { type: "string", value: "NAME", help: "import of such: as Q4_K_M" },
    "memory-bytes": { type: "string", value: "N", help: "import of such: resident memory of a worker with it (default: twice its weights)" },
    dimensions: { type: "string", value: "N", help: "import of an embedding: length of its vectors" },
    base: { type: "string", value: "NAME", help: "import of an adapter: the text model it belongs to" },
  },
  load: () => import("../commands/models.ts"),
};
