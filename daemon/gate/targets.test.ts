/** Which mode and store a change gets, and that nothing but the operator's remote says what it is merged onto. */
import { describe, expect, test } from "bun:test";
import type { HostConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { resolveHost } from "../config/host.ts";
import type { Egress as Helper } from "../egress/index.ts";
import { Git } from "../platform/git/runner.ts";
import { RepositoryStore } from "../platform/git/repository-store.ts";
import { ownUser, tenant } from "../testing/tenants.ts";
import type { Intake } from "./intakes.ts";
import type { Payer } from "./cost/cost.ts";
import { placeOf } from "./place.ts";
import { Targets } from "./targets.ts";

/** Targets ask no witness. */
type Egress = Omit<Helper, "cosign">;

const [TIP, CLAIMED, HEAD] = ["a", "b", "c"].map((digit) => digit.repeat(40)) as [string, string, string];
const MAIN = "refs/heads/main";
const never = new AbortController().signal;
const row = { id: "acme/app", remote: "https://git.example.org/acme/app.git", target_refs: [MAIN] };
const table = (modes: HostConfig["modes"] = ["host", "fork", "local"]) => resolveHost({ version: 1, trust_domain: "ci.example.org", modes, repositories: [row, { ...row, id: "acme/open", mode: "fork" }, { id: "acme/plain", required: ["tests"] }] });
const root = ownUser(0);

async function code(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof MaestroError) return error.code;
    throw error;
  }
  return "none";
}

describe("the mode", () => {
  const modeOf = (repository: string, mode: "host" | "fork" | "local") => placeOf(table(), root, { repository, mode }).mode;

  test("is the row's, or more scrutiny where the caller asks for it; never less", () => {
    expect([modeOf("acme/app", "host"), modeOf("acme/app", "fork"), modeOf("acme/open", "host"), modeOf("acme/open", "fork")]).toEqual(["host", "fork", "fork", "fork"]);
  });

  test("is local only under a name that no row can have", () => {
    expect(placeOf(table(), ownUser(7), { repository: "acme/app" })).toEqual({ repo_id: "local:7:acme/app", mode: "local" });
    expect(placeOf(table(), root, { repository: "acme/app", mode: "host" })).toEqual({ repo_id: "acme/app", mode: "host" });
  });

  test("attack: a tenant names a row that is not for it, or one without a remote, and is told the same as for none", async () => {
    const stranger = tenant("stranger", 9);
    const detail = (id: string, who = stranger): string => {
      try {
        return JSON.stringify(placeOf(table(), who, { repository: id, mode: "host" }));
      } catch (error) {
        return error instanceof MaestroError ? `${error.code} ${error.detail.replace(id, "ID")}` : "?";
      }
    };
    expect(new Set([detail("acme/app"), detail("acme/none"), detail("acme/plain", root)]).size).toBe(1);
    expect(detail("acme/app")).toStartWith("auth.denied");
    const targets = new Targets({ host: table(), egress: remote(), repositories: store });
    expect(targets.offers(stranger).repositories).toEqual([]);
    expect(targets.offers(root).repositories.map(({ id, mode }) => `${id} ${mode}`)).toEqual(["acme/app host", "acme/open fork"]);
    expect(await code(() => targets.tip(stranger, { repository: "acme/app", target_ref: MAIN }, never))).toBe("auth.denied");
  });
});

const store = new RepositoryStore("/nonexistent", new Git({ git: "/nonexistent/git", version: "2.40.0", prlimit: null }));
/** A remote at `TIP` that nothing need be fetched from, or that fails. */
function remote(failure: MaestroError | null = null): Egress {
  return { knows: () => false, tip: () => (failure === null ? Promise.resolve(TIP) : Promise.reject(failure)), history: () => Promise.reject(new MaestroError("egress.failed", "fetched")), close: () => Promise.resolve() };
}
const intake = (mode: Intake["mode"], repo_id = "acme/app"): Intake => ({ id: "intake-x", uid: 0, tenant: null, repo_id, mode, object_format: "sha1", cuts: [], tips: [], received: true, used_at_ms: 0 });

describe("the target", () => {
  const settled = (mode: Intake["mode"], target: string, { modes, egress = remote(), target_ref = MAIN }: { modes?: HostConfig["modes"]; egress?: Egress; target_ref?: string } = {}) =>
    new Targets({ host: table(modes), egress, repositories: store }).settled(intake(mode), { target_ref, target, head: HEAD }, never);

  test("is the caller's word in mode local, which asks no remote", async () => {
    expect(await settled("local", CLAIMED, { egress: remote(new MaestroError("egress.failed", "down")) })).toBe(CLAIMED);
  });

  test("is the remote's in mode host and fork; where the caller's is the same nothing is fetched", async () => {
    expect([await settled("host", TIP), await settled("fork", TIP)]).toEqual([TIP, TIP]);
  });

  test("attack: the remote is down, or the target is another; the caller's word never takes its place", async () => {
    const down = remote(new MaestroError("egress.timeout", "down"));
    expect([await code(() => settled("host", TIP, { egress: down })), await code(() => settled("fork", CLAIMED, { egress: down }))]).toEqual(["egress.timeout", "egress.timeout"]);
    for (const target_ref of ["refs/heads/mine", "refs/heads/main/..", "HEAD"]) expect(await code(() => settled("host", TIP, { target_ref }))).toBe("auth.denied");
  });

  test("attack: ids of another object format than the intake's, which would crash a check process", async () => {
    const long = "b".repeat(64);
    expect([await code(() => settled("local", long)), await code(() => settled("host", long))]).toEqual(["request.malformed", "request.malformed"]);
    expect(await code(() => settled("host", TIP, { egress: { ...remote(), tip: () => Promise.resolve(long) } }))).toBe("request.malformed");
  });

  test("is refused in a mode that the operator does not list", async () => {
    expect([await code(() => settled("local", TIP, { modes: ["host"] })), await code(() => settled("fork", TIP, { modes: ["host", "local"] })), await code(() => settled("host", TIP, { modes: ["host"] }))]).toEqual(["auth.denied", "auth.denied", "none"]);
  });
});

describe("who has the remote asked pays", () => {
  const broke: Payer = () => Promise.reject(new MaestroError("tenant.budget", "nothing is left"));
  const { limits } = table();

  /** Which questions reached the remote, and what was reserved for each. */
  function watched(knows: boolean) {
    const asked: string[] = [];
    const reserved: number[] = [];
    const egress: Egress = {
      ...remote(),
      knows: () => knows,
      tip: (_entry, _ref, spent) => {
        asked.push("tip");
        spent?.({ cpu_us: 7 });
        return Promise.resolve(TIP);
      },
      history: (_entry, _ref, tip, { bill, tenant }) => bill((spent) => {
        asked.push(`fetch for ${tenant}`);
        spent({ cpu_us: 9 });
        return Promise.resolve(tip);
      }),
    };
    const used: number[] = [];
    const payer: Payer = (worst, work) => {
      reserved.push(worst.wall_us);
      return work(({ cpu_us }) => void used.push(cpu_us));
    };
    const targets = new Targets({ host: table(), egress, repositories: new RepositoryStore("/nonexistent", new Git({ git: "/nonexistent/git", version: "2.40.0", prlimit: null })) });
    return { asked, reserved, used, payer, targets };
  }

  test("attack: a tenant whose budget is spent has neither tip nor history fetched", async () => {
    const { asked, targets } = watched(false);
    const may = { named: true, repositories: [["acme/*"]] };
    expect(await code(() => targets.tip(tenant("poor", 9, may), { repository: "acme/app", target_ref: MAIN }, never, broke))).toBe("tenant.budget");
    expect(await code(() => targets.settled(intake("host"), { target_ref: MAIN, target: CLAIMED, head: HEAD }, never, broke))).toBe("tenant.budget");
    expect(asked).toEqual([]);
  });

  test("a tip at the helper's deadline, reserved before it is asked; what is known is free", async () => {
    const [fresh, known] = [watched(false), watched(true)];
    for (const { targets, payer } of [fresh, known]) expect(await targets.settled(intake("host"), { target_ref: MAIN, target: TIP, head: HEAD }, never, payer)).toBe(TIP);
    expect([fresh.reserved, fresh.used, known.reserved, known.asked]).toEqual([[limits.egress.tip_deadline_ms * 1000], [7], [], ["tip"]]);
  });

  test("mode local asks nobody and costs nothing", async () => {
    const { targets } = watched(false);
    expect(await targets.settled(intake("local"), { target_ref: MAIN, target: CLAIMED, head: HEAD }, never, broke)).toBe(CLAIMED);
  });
});

test("attack: a tenant asks for hundreds of branches that are not there; another tenant's question does not wait for them", async () => {
  const asked: PromiseWithResolvers<string>[] = [];
  const slow: Egress = {
    ...remote(),
    tip: () => {
      const answer = Promise.withResolvers<string>();
      asked.push(answer);
      return answer.promise;
    },
  };
  const targets = new Targets({ host: table(), egress: slow, repositories: store });
  const may = { named: true, repositories: [["acme/*"]] };
  const flood = tenant("flood", 8, may);
  const ask = (who: typeof flood) => targets.tip(who, { repository: "acme/app", target_ref: MAIN }, never);
  const { helpers_max } = table().limits.egress;
  const all = Array.from({ length: 30 }, () => ask(flood));
  await Bun.sleep(0);
  expect(asked).toHaveLength(helpers_max);
  const other = ask(tenant("other", 9, may));
  await Bun.sleep(0);
  expect(asked).toHaveLength(helpers_max + 1);
  asked.at(-1)?.resolve("d".repeat(40));
  expect(await other).toBe("d".repeat(40));
  expect(asked).toHaveLength(helpers_max + 1);
  for (let i = 0; i < asked.length; i++) {
    asked[i]?.resolve(TIP);
    await Bun.sleep(0);
  }
  expect(new Set(await Promise.all(all))).toEqual(new Set([TIP]));
});
