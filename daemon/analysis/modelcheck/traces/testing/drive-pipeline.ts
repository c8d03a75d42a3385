import type { SingleFlight } from "../../../../gate/single-flight.ts";
import { MaestroError } from "../../../../../proto/errors.ts";
import { SeededRandom } from "../../../../testing/random.ts";

export interface Told {
  readonly attempt: number;
  readonly recorded: boolean;
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 12; i++) await Promise.resolve();
};

/** What a gate is to `SingleFlight`: it can be stopped while it judges and not while it records, and may find that there is an answer. */
function gateOf() {
  let attempts = 0;
  let go = Promise.withResolvers<"record" | "known" | "fail">();
  let kept = Promise.withResolvers<void>();
  return {
    judge: (how: "record" | "known" | "fail"): void => go.resolve(how),
    keep: (): void => kept.resolve(),
    async start(_: unknown, signal: AbortSignal): Promise<Told> {
      [go, kept] = [Promise.withResolvers(), Promise.withResolvers()];
      signal.addEventListener("abort", () => go.reject(new MaestroError("request.cancelled", "everybody left")), { once: true });
      const how = await go.promise;
      if (how === "fail") throw new MaestroError("request.busy", "no room");
      if (how === "known" && attempts > 0) return { attempt: attempts, recorded: true };
      await kept.promise;
      return { attempt: ++attempts, recorded: false };
    },
  };
}

/** Clients of one change come and leave at random while it is judged, again and again. */
export async function drivePipeline(flights: SingleFlight<never, Told>, seed: string, steps: number): Promise<void> {
  const random = new SeededRandom(seed);
  const below = (n: number): number => (random.bytes(2)[0] ?? 0) % n;
  const gate = gateOf();
  const open: { readonly leave: AbortController; over: boolean }[] = [];
  const ask = (): void => {
    const client = { leave: new AbortController(), over: false };
    open.push(client);
    void flights.join("change", gate.start, () => undefined, client.leave.signal).catch(() => undefined).finally(() => void (client.over = true));
  };
  for (let i = 0; i < steps; i++) {
    const what = below(10);
    const alive = open.filter(({ over }) => !over);
    if (what < 4) ask();
    else if (what < 6) alive[below(Math.max(1, alive.length))]?.leave.abort();
    else if (what < 8) gate.judge((["record", "record", "known", "fail"] as const)[below(4)]!);
    else gate.keep();
    await settled();
  }
  for (const { leave } of open) leave.abort();
  for (let i = 0; i < 4; i++) {
    gate.judge("record");
    gate.keep();
    await settled();
  }
}
