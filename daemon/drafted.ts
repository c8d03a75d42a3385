/** Drafts, put together by the first who asks for one: which arms may phrase them, and who pays for what they take. */
import type { DraftRequest } from "../proto/drafting.ts";
import { MaestroError } from "../proto/errors.ts";
import type { StoredModel } from "../proto/model-store.ts";
import type { Host } from "./config/host.ts";
import type { Arm } from "./drafting/arm.ts";
import type { Exampled } from "./exampled.ts";
import type { Armed, DraftDesk, DraftDeskDeps } from "./gate/draft-desk.ts";
import type { DraftSigningDeps } from "./gate/draft-signing.ts";
import type { Modelled } from "./modelled.ts";
import type { Allowed } from "./models/choosing/index.ts";
import type { Principal } from "./tenants/index.ts";

interface ArmsDeps {
  readonly host: Pick<Host, "models" | "modes"> & { readonly limits: Pick<Host["limits"], "inference"> };
  readonly modelled: { readonly serving: Modelled["serving"]; readonly stored: (name: string) => Promise<Pick<StoredModel, "template"> | null> };
  readonly exampled: Pick<Exampled, "nearest">;
}

interface DraftedDeps extends ArmsDeps, Omit<DraftDeskDeps, "limits" | "signing">, DraftSigningDeps {
  readonly host: Pick<Host, "models" | "limits" | "modes">;
}

export interface Drafted {
  desk(): Promise<DraftDesk>;
  /** `repository`: of the gate it is about. Throws `models.request`, `.unknown`, `.denied` and `.context` for a model or a path that cannot be had. */
  armed(principal: Principal, request: DraftRequest, repository: string): Promise<Armed>;
}

/** Of the answer: three sentences of 300 characters and their JSON. */
const TOKENS_MAX = 400;
/** Facts are cut to this; what the model's own tokeniser makes of them is counted again where it is admitted. */
const PROMPT_TOKENS_MAX = 3_000;
const ARMS_MAX = 3;
/** Among the capabilities of an entry that names any. */
const DRAFTING = "draft";

const NOTHING = "no model is configured";
const PLACES: Readonly<Record<Arm["path"], string>> = { local: "models.text", remote: "models.remote" };

/** What to configure where only that way was asked for and nobody is there to ask. */
const configure = (path: Arm["path"]): string => `none is configured that you may ask; ${PLACES[path]} in the host configuration names such, which counts from the next start`;

/**
 * Arms that may be asked, best first, and why there is none; nobody is told the name of a model that it may not ask.
 * Throws `models.request` for rules with a model, and for a model that was named: `models.unknown`, `.denied`, `.context`.
 */
async function chosen(host: ArmsDeps["host"], { tenant }: Pick<Principal, "tenant">, { path, model }: Pick<DraftRequest, "path" | "model">): Promise<{ readonly arms: readonly Allowed[]; readonly because: string }> {
  if (path === "rules" && model !== undefined) throw new MaestroError("models.request", `model: rules ask none; leave ${model} out, or ask for another path`);
  if (path === "rules" || (host.models === null && path === undefined && model === undefined)) return { arms: [], because: NOTHING };
  const [{ candidatesOf, choose }, { offered, offeredTo }] = await Promise.all([import("./models/choosing/index.ts"), import("./models/serving/index.ts")]);
  if (model !== undefined) offered(host.models, { tenant }, model, path === undefined ? ["local", "remote"] : [path]);
  const mine = new Set(offeredTo(host.models, { tenant }).map(({ name }) => name));
  const candidates = candidatesOf(host.models, host.limits.inference.context_tokens).filter((one) => one.path !== "rules" && mine.has(one.id));
  const sealed = host.modes.includes("sealed");
  const { arms, out } = choose(candidates, { require: [DRAFTING], path, model, prompt_tokens: PROMPT_TOKENS_MAX, max_tokens: TOKENS_MAX }, { sealed, tenant });
  const named = out.find(({ id }) => id === model);
  // Named with this very path, it can only be out for the seal, for what it can do, or for its size.
  if (named !== undefined) throw new MaestroError(named.code, `${named.id}: ${named.because}`);
  const outs = out.filter((one) => path === undefined || one.path === path).map(({ id, because }) => `${id}: ${because}`);
  return { arms: arms.slice(0, ARMS_MAX), because: outs.length > 0 ? outs.join("; ") : path === undefined ? NOTHING : configure(path) };
}

/** Who may be asked to phrase a draft. */
export function openArms({ host, modelled, exampled }: ArmsDeps): Drafted["armed"] {
  const armOf = async (principal: Principal, { candidate, because }: Allowed): Promise<Arm> => ({
    continues: candidate.path === "local" && (await modelled.stored(candidate.id))?.template === "none",
    path: candidate.path === "remote" ? "remote" : "local",
    model: candidate.id,
    because,
    async run(prompt, schema, task, signal) {
      const serving = await modelled.serving();
      const answered = await serving.generate(
        { payer: principal, job: { model: candidate.id, prompt: "text" in prompt ? { text: prompt.text } : { messages: [{ role: "system", content: prompt.system }, { role: "user", content: prompt.user }] }, space: { tenant: principal.tenant, task: `draft-${task}` }, max_tokens: TOKENS_MAX, temperature: 0, json_schema: schema }, keep: true },
        { signal },
      );
      if (answered.finish === "filtered") throw new MaestroError("egress.refused", `${candidate.id} held a part of its answer back`);
      const { text, cpu_us, gpu_us, prompt_tokens, completion_tokens, usd_micro, model_digest, engine } = answered;
      return { text, cpu_us, gpu_us, tokens: prompt_tokens + completion_tokens, usd_micro, model_digest, engine };
    },
  });
  return async (principal, request, repository) => {
    const { arms, because } = await chosen(host, principal, request);
    if (arms.length === 0) return { arms: [], because };
    return { arms: await Promise.all(arms.map((allowed) => armOf(principal, allowed))), because, examples: (text, signal) => exampled.nearest(principal, repository, text, signal) };
  };
}

export function openDrafted({ host, modelled, exampled, ...deps }: DraftedDeps): Drafted {
  let opened: Promise<DraftDesk> | null = null;
  const open = async (): Promise<DraftDesk> => {
    const [{ DraftDesk }, { DraftSigning }] = await Promise.all([import("./gate/draft-desk.ts"), import("./gate/draft-signing.ts")]);
    return new DraftDesk({ ...deps, limits: host.limits, signing: new DraftSigning(deps) });
  };
  return { desk: () => (opened ??= open()), armed: openArms({ host, modelled, exampled }) };
}
