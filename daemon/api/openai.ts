/** Routes of the OpenAI-compatible interface: schema, call, reply; who may ask what, and what it costs, is `models/serving`. */
import { MaestroError } from "../../proto/errors.ts";
import type { StoredModel } from "../../proto/model-store.ts";
import { ChatCompletion, ChatCompletionRequest, Completion, CompletionRequest, EmbeddingList, EmbeddingRequest, OpenAiModel, type OpenAiModels as List, OpenAiModels, RUN_HEADER, TASK_HEADER } from "../../proto/openai.ts";
import { Type } from "@sinclair/typebox";
import type { Offered, Serving } from "../models/serving/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Principal } from "../tenants/index.ts";
import { type Beside, chatAsk, chatChunks, chatReply, completionAsk, completionChunks, completionReply, embeddingReply, embeddingRun, type Heading } from "./openai-forms.ts";
import { streamed } from "./openai-stream.ts";
import { route, type Route } from "./route.ts";

export interface OpenAiRouteDeps {
  readonly modelled: {
    /** Opened with the first request. */
    serving(): Promise<Pick<Serving, "generate" | "embed" | "offered">>;
    stored(name: string): Promise<StoredModel | null>;
  };
  readonly clock: Pick<Clock, "now_ms">;
  readonly body_bytes_max: number;
}

const NO_BODY = { request: null, body_bytes_max: 0 } as const;
const MS_PER_S = 1_000;

const besideOf = (headers: Headers | undefined): Beside => ({ task: headers?.get(TASK_HEADER) ?? null, run: headers?.get(RUN_HEADER) ?? null });

function modelRoutes({ modelled }: OpenAiRouteDeps): Route[] {
  async function shown({ name, path }: Offered): Promise<OpenAiModel> {
    const record = path === "remote" ? null : await modelled.stored(name);
    return { id: name, object: "model", created: record === null ? 0 : Math.floor(Date.parse(record.imported_at) / MS_PER_S), owned_by: path === "remote" ? "remote" : "local" };
  }
  const offered = async (principal: Principal): Promise<Offered[]> => (await modelled.serving()).offered(principal);
  return [
    route("openaiModels", {
      ...NO_BODY,
      access: "any",
      summary: "Models this caller may ask, in OpenAI's form",
      params: {},
      reply: OpenAiModels,
      handle: async ({ principal }): Promise<List> => ({ object: "list", data: await Promise.all((await offered(principal)).map(shown)) }),
    }),
    route("openaiModel", {
      ...NO_BODY,
      access: "any",
      summary: "One model this caller may ask, in OpenAI's form",
      params: { name: Type.String({ maxLength: 256 }) },
      reply: OpenAiModel,
      async handle({ principal, params }) {
        const found = (await offered(principal)).find(({ name }) => name === params.name);
        if (found === undefined) throw new MaestroError("models.unknown", "no model of that name may be asked; see GET /openai/v1/models");
        return shown(found);
      },
    }),
  ];
}

export function openAiRoutes(deps: OpenAiRouteDeps): Route[] {
  const { modelled, clock, body_bytes_max } = deps;
  const headingOf = (prefix: string, id: string, model: string): Heading => ({ id: `${prefix}-${id}`, created: Math.floor(clock.now_ms() / MS_PER_S), model, system_fingerprint: "" });
  const ASK = { access: "gate", params: {}, body_bytes_max } as const;
  return [
    ...modelRoutes(deps),
    route("openaiChat", {
      ...ASK,
      summary: "One answer of a model to a conversation, in OpenAI's form; with stream: server-sent events",
      request: ChatCompletionRequest,
      reply: ChatCompletion,
      async handle({ principal, body, headers, id, signal }) {
        const asked = chatAsk(body, besideOf(headers), principal.tenant);
        const serving = await modelled.serving();
        const heading = headingOf("chatcmpl", id, asked.job.model);
        if (body.stream === true) return streamed({ heading, chunks: chatChunks(body.stream_options?.include_usage === true), signal, generate: (options) => serving.generate({ payer: principal, ...asked }, options) });
        return chatReply(heading, await serving.generate({ payer: principal, ...asked }, { signal }));
      },
    }),
    route("openaiCompletion", {
      ...ASK,
      summary: "How a model goes on with a text, in OpenAI's form; with stream: server-sent events",
      request: CompletionRequest,
      reply: Completion,
      async handle({ principal, body, headers, id, signal }) {
        const asked = completionAsk(body, besideOf(headers), principal.tenant);
        const serving = await modelled.serving();
        const heading = headingOf("cmpl", id, asked.job.model);
        if (body.stream === true) return streamed({ heading, chunks: completionChunks(body.stream_options?.include_usage === true), signal, generate: (options) => serving.generate({ payer: principal, ...asked }, options) });
        return completionReply(heading, await serving.generate({ payer: principal, ...asked }, { signal }));
      },
    }),
    route("openaiEmbedding", {
      ...ASK,
      summary: "Vectors of texts, in OpenAI's form",
      request: EmbeddingRequest,
      reply: EmbeddingList,
      async handle({ principal, body, headers, signal }) {
        const run = embeddingRun(besideOf(headers));
        const texts = typeof body.input === "string" ? [body.input] : body.input;
        const embedded = await (await modelled.serving()).embed(principal, body.model, texts, { signal, ...(body.dimensions === null || body.dimensions === undefined ? {} : { dimensions: body.dimensions }), ...(run === null ? {} : { run_id: run }) });
        return embeddingReply(body.model, embedded, body.encoding_format ?? "float");
      },
    }),
  ];
}
