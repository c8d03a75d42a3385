/** Local and remote models, put together: nothing of them is imported, opened or started before the first request that needs it. */
import { MaestroError } from "../proto/errors.ts";
import type { StoredModel } from "../proto/model-store.ts";
import type { Host } from "./config/host.ts";
import type { EgressDeps } from "./egress/index.ts";
import type { RemoteChat } from "./egress/chat/index.ts";
import type { Embedder } from "./models/embedding/index.ts";
import type { GpuNote, Gpus } from "./models/gpu/index.ts";
import type { Answers } from "./models/answers/index.ts";
import type { ModelLibrary } from "./models/library/index.ts";
import type { EngineName } from "./models/library/engines.ts";
import type { KeptAnswers, Payer, Serving, ServingPurse } from "./models/serving/index.ts";
import type { TextModels } from "./models/text/index.ts";
import type { ModelsReading } from "./metrics/models.ts";
import type { Money } from "./money.ts";
import type { ActionGuard } from "./platform/action-guard.ts";
import type { Clock } from "./platform/clock.ts";
import type { Random } from "./platform/random.ts";
import type { State } from "./state.ts";
import { payerName } from "./store/usage.ts";
import type { Principal } from "./tenants/index.ts";
import type { RunUsage } from "./tenants/usage.ts";

export interface ModelledDeps {
  readonly host: Host;
  readonly money: Pick<Money, "purse" | "settle" | "standing">;
  readonly state: Pick<State, "store" | "models" | "artifacts" | "evidence">;
  readonly run_usage: Pick<RunUsage, "count">;
  readonly clock: Clock;
  readonly random: Random;
  /** For the helper that asks other servers. */
  readonly helped: EgressDeps;
  readonly act?: ActionGuard;
  /** A line of the log. */
  readonly say: (what: string) => void;
  readonly warn: (what: string, error: unknown) => void;
}

export interface Modelled {
  serving(): Promise<Serving>;
  readonly library: () => Promise<ModelLibrary>;
  embedder(): Promise<Embedder>;
  stored(name: string): Promise<StoredModel | null>;
  /** Whether or not anything is installed there. */
  engine_folder(): Promise<string>;
  /** Called when a model is gone, with its digest: whatever was made with it goes. */
  onForgotten(forget: (digest: string) => Promise<void>): void;
  /** Of what was asked since the start; opens nothing. */
  reading(): ModelsReading;
  /** Somebody waits for a model's answer: no time to leave. */
  busy(): boolean;
  /** Ends every worker. */
  close(): Promise<void>;
}

/** Whatever it makes, once; what failed is tried again by the next who asks. */
function once<T>(make: () => Promise<T>): { (): Promise<T>; made(): T | null } {
  let making: Promise<T> | null = null;
  let made: T | null = null;
  const open = async (): Promise<T> => {
    try {
      return (made = await make());
    } catch (thrown) {
      making = null;
      throw thrown;
    }
  };
  return Object.assign(() => (making ??= open()), { made: () => made });
}

/** The payer of a request is its principal; `models/serving` is told no more of it than it needs. */
type Asking = Payer & Pick<Principal, "accounts">;

/** Everything that is opened by itself, once. */
function parts({ host, state, clock, helped, say, warn }: ModelledDeps) {
  const limits = host.limits.inference;
  const library = once(async (): Promise<ModelLibrary> => (await import("./models/library/index.ts")).openLibrary({ state_dir: helped.state_dir, models: state.models, blobs: state.artifacts.blobs, limits, now_s: () => state.evidence.now_s(), requireWritable: () => state.store.requireWritable(), forget }));
  /** Throws `models.missing` where it is not installed. */
  async function engine(name: EngineName): Promise<{ readonly folder: string }> {
    const { engineFolderOf, engines } = await import("./models/library/index.ts");
    const found = engines(engineFolderOf(host.models?.engine_folder));
    found.require(name);
    return { folder: found.folder };
  }
  const gpus = once(async (): Promise<Gpus> => {
    const [{ createProbe, Gpus: Opened, lineOf }, { freeMemoryBytes }] = await Promise.all([import("./models/gpu/index.ts"), import("./platform/kernel/memory.ts")]);
    const note = (decided: GpuNote): void => {
      const line = lineOf(decided);
      if (line !== null) say(line);
    };
    return new Opened({ setting: host.models, limits, ram_bytes: freeMemoryBytes, now_ms: () => clock.monotonic_ms(), note, probe: createProbe(host.models?.gpus) });
  });
  const text = once(async (): Promise<TextModels> => {
    const [{ createTextModels }, { engineFolderOf, engines, prefixFolderOf }] = await Promise.all([import("./models/text/index.ts"), import("./models/library/index.ts")]);
    return createTextModels({
      models: host.models?.text ?? [],
      open: async (name) => (await library()).open(name),
      engine_folder: () => engines(engineFolderOf(host.models?.engine_folder)).require("node-llama-cpp"),
      limits: { ...host.limits.worker, ...limits },
      prefix_folder: prefixFolderOf(helped.state_dir),
      seat: async (request, signal) => (await gpus()).seat(request, signal),
      gpu_api: () => engines(engineFolderOf(host.models?.engine_folder)).gpus()[0] ?? null,
      cgroups: helped.cgroups,
    });
  });
  const embedder = once(async (): Promise<Embedder> => {
    const embedding = host.models?.embedding;
    if (embedding === undefined) throw new MaestroError("models.unknown", "the host configuration names no model that embeds; see models.embedding");
    const [{ createEmbedder }, opened] = await Promise.all([import("./models/embedding/index.ts"), engine("@huggingface/transformers")]);
    return createEmbedder({ model: async () => (await library()).open(embedding), engine_folder: opened.folder, limits: { ...host.limits.worker, ...limits } });
  });
  const kept = once(async (): Promise<Answers> => {
    const [{ createAnswers }, { engineFolderOf, engines }] = await Promise.all([import("./models/answers/index.ts"), import("./models/library/index.ts")]);
    return createAnswers({ store: state.store, limits, clock, engine: `node-llama-cpp ${engines(engineFolderOf(host.models?.engine_folder)).wanted("node-llama-cpp")}`, warn });
  });
  const answers = once(async (): Promise<KeptAnswers | null> => {
    if (host.models?.answers === false) return null;
    await engine("node-llama-cpp");
    return kept();
  });
  const forgetting: ((digest: string) => Promise<void>)[] = [];
  async function forget({ name, kind, digest, base }: StoredModel, last: boolean): Promise<void> {
    if (kind === "embedding") await embedder.made()?.renew();
    else await text.made()?.renew(base ?? name);
    if (!last) return;
    if (state.store.scanner.tables().includes("answers")) await (await kept()).forget(digest);
    for (const one of forgetting) await one(digest);
  }
  const chat = once(async (): Promise<RemoteChat> => (await import("./egress/chat/index.ts")).createRemoteChat(helped));

  return { library, gpus, text, embedder, answers, chat, forgetting };
}

/** What a payer pays from: the ledger, and the market or the operator's own prices. */
function purseOf({ host, money }: ModelledDeps): (payer: Payer) => Promise<ServingPurse> {
  return async (payer) => {
    const opened = await money.purse(payer as Asking);
    const own = { prices: host.models?.prices ?? {} };
    return {
      prices: () => (host.market === null ? own : opened.prices()),
      short: (amounts) => opened.short(amounts),
      refused: (due) => opened.refused(due),
      reserve(name, amounts, until_ms, worth) {
        opened.reserve(name, amounts, until_ms, worth);
        // Read back: what was meant to be promised is no promise.
        return money.standing(name);
      },
      settle: (name, used) => money.settle(name, used),
    };
  };
}

export function openModelled(deps: ModelledDeps): Modelled {
  const { host, state, run_usage, clock, random, act, warn } = deps;
  const limits = host.limits.inference;
  const { library, gpus, text, embedder, answers, chat, forgetting } = parts(deps);
  const stored = (name: string): Promise<StoredModel | null> => Promise.resolve(state.models.get(name) ?? null);
  const serving = once(async (): Promise<Serving> => {
    const [{ Serving: Opened }, { remoteAsker }] = await Promise.all([import("./models/serving/index.ts"), import("./models/choosing/index.ts")]);
    const sealed = host.modes.includes("sealed");
    const remote = remoteAsker({ ask: sealed ? null : async (...asked) => (await chat()).ask(...asked), deadline_ms: limits.generate_deadline_ms });
    return new Opened({
      setting: host.models,
      limits,
      text,
      embed: async (texts, options) => (await embedder()).embed(texts, options),
      stored,
      remote,
      answers,
      purse: purseOf(deps),
      used: (payer, run_id, took) => run_usage.count(payerName(payer), run_id, took),
      clock,
      random,
      act,
      warn,
    });
  });

  return {
    serving,
    library,
    onForgotten: (forget) => void forgetting.push(forget),
    embedder,
    stored,
    async engine_folder() {
      const { engineFolderOf, engines } = await import("./models/library/index.ts");
      return engines(engineFolderOf(host.models?.engine_folder)).folder;
    },
    reading() {
      const embedding = embedder.made();
      const embeds = embedding === null ? [] : [{ model: host.models?.embedding ?? "", waiting: 0, ...embedding.status() }];
      const workers = [...(text.made()?.status() ?? []), ...embeds].map(({ pid: _, ...worker }) => worker);
      return { workers, served: serving.made()?.served() ?? [], gpus: { accounts: gpus.made()?.accounts() ?? [], waiting: gpus.made()?.waiting() ?? 0 } };
    },
    busy: () => serving.made()?.busy === true,
    async close() {
      await Promise.all([text.made()?.close(), embedder.made()?.close(), chat.made()?.close()]);
    },
  };
}
