/** Drafts, put together by the first who asks for one: which arms may phrase them, and who pays for what they take. */
import type { DraftRequest } from "../proto/drafting.ts";
import { MaestroError } from "../proto/errors.ts";
import type { Host } from "./config/host.ts";
import type { Arm } from "./drafting/arm.ts";
import type { Exampled } from "./exampled.ts";
import type { Armed, DraftDesk, DraftDeskDeps } from "./gate/draft-desk.ts";
import type { Modelled } from "./modelled.ts";
import type { Allowed } from "./models/choosing/index.ts";
import type { Principal } from "./tenants/index.ts";

export interface DraftedDeps extends Omit<DraftDeskDeps, "limits"> {
  readonly host: Host;
  readonly modelled: Pick<Modelled, "serving">;
  readonly exampled: Pick<Exampled, "nearest">;
}

export interface Drafted {
  desk(): Promise<DraftDesk>;
  /** `repository`: of the gate it is about. */
  armed(principal: Principal, request: DraftRequest, repository: string): Promise<Armed>;
}

/** Of the answer: three sentences of 300 characters and their JSON. */
const TOKENS_MAX = 400;
/** Facts are cut to this; what the model's own tokeniser makes of them is counted again where it is admitted. */
const PROMPT_TOKENS_MAX = 3_000;
const ARMS_MAX = 3;

const NOTHING = "no model is configured";

export function openDrafted({ host, modelled, exampled, ...deps }: DraftedDeps): Drafted {
  let opened: Promise<DraftDesk> | null = null;
  const open = async (): Promise<DraftDesk> => new (await import("./gate/draft-desk.ts")).DraftDesk({ ...deps, limits: host.limits });
  const armOf = (principal: Principal, { candidate, because }: Allowed): Arm => ({
    path: candidate.path === "remote" ? "remote" : "local",
    model: candidate.id,
    because,
    async run({ system, user }, schema, task, signal) {
      const serving = await modelled.serving();
      const answered = await serving.generate(
        { payer: principal, job: { model: candidate.id, prompt: { messages: [{ role: "system", content: system }, { role: "user", content: user }] }, space: { tenant: principal.tenant, task: `draft-${task}` }, max_tokens: TOKENS_MAX, temperature: 0, json_schema: schema }, keep: true },
        { signal },
      );
      if (answered.finish === "filtered") throw new MaestroError("egress.refused", `${candidate.id} held a part of its answer back`);
      const { text, cpu_us, gpu_us, prompt_tokens, completion_tokens, usd_micro, model_digest, engine } = answered;
      return { text, cpu_us, gpu_us, tokens: prompt_tokens + completion_tokens, usd_micro, model_digest, engine };
    },
  });
  return {
    desk: () => (opened ??= open()),
    async armed(principal, { path, model }, repository) {
      if (host.models === null || path === "rules") return { arms: [], because: NOTHING };
      const { candidatesOf, choose } = await import("./models/choosing/index.ts");
      const wanted = { require: [], path, model, prompt_tokens: PROMPT_TOKENS_MAX, max_tokens: TOKENS_MAX };
      const { arms, out } = choose(candidatesOf(host.models, host.limits.inference.context_tokens), wanted, { sealed: host.modes.includes("sealed"), tenant: principal.tenant, policy: {}, budget_usd_micro: null, broken: new Set() });
      const others = arms.filter(({ candidate }) => candidate.path !== "rules").slice(0, ARMS_MAX);
      const because = others.length > 0 ? NOTHING : out.map(({ id, because: why }) => `${id}: ${why}`).join("; ");
      return { arms: others.map((allowed) => armOf(principal, allowed)), because: because === "" ? NOTHING : because, examples: (text, signal) => exampled.nearest(principal, repository, text, signal) };
    },
  };
}
