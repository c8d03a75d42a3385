/** Scenes of the reporter, before a host that takes nothing. */
import { gateId } from "../../../proto/change.ts";
import { toBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { openCursor } from "../../reporter/cursor.ts";
import { Reporter } from "../../reporter/reporter.ts";
import { makeBundle, newRing, NOW, SAMPLE_IDENTITY, trustWith } from "../../testing/evidence.ts";
import type { Scene } from "./scene.ts";

/** More than it tries. */
const STEPS = 12;

/** The reporter takes what a rule refuses for a try that failed, so the guard is asked what it said. */
const delivery: Scene = async ({ guards, state_dir }) => {
  const ring = newRing();
  const trust = trustWith(ring, (body) => ({ ...body, keys: body.keys.map((key) => ({ ...key, modes: ["host", "local"] as const, repository_ids: ["*"] })) }) as typeof body);
  const gate_id = gateId(SAMPLE_IDENTITY);
  const entry = { place: 0, gate_id, attempt: 1, repo_id: SAMPLE_IDENTITY.repo_id, head: SAMPLE_IDENTITY.head, verdict: "hold" } as const;
  const bundle = toBase64(makeBundle(ring, { mode: "host", attempt: { attempt: 1, supersedes: null } }));
  const reporter = new Reporter({
    feed: (after) => Promise.resolve({ next: 1, more: false, total: 1, entries: [entry].slice(after) }),
    bundle: () => Promise.resolve({ gate_id, attempt: 1, bundle }),
    trust: () => trust,
    publishes: () => true,
    publish: () => Promise.reject(new MaestroError("egress.failed", "the host is away")),
    cursor: openCursor(state_dir),
    now_ms: () => NOW.getTime(),
    random: () => 0.5,
    tell: () => undefined,
    act: guards.check,
  }, 1);
  for (let i = 0; i < STEPS; i++) await reporter.step();
};

export const REPORTER_SCENES = { delivery } satisfies Record<string, Scene>;
