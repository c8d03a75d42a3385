import { EXIT } from "../../../proto/errors.ts";
import type { CommandModule } from "../command.ts";
import { connect } from "../connect.ts";
import { print } from "../output.ts";

type Status = Awaited<ReturnType<ReturnType<typeof connect>["client"]["status"]>>;

function integrityLine({ state, passes, last_pass, damage_total, first }: Status["integrity"]): string {
  if (state === "damaged") return `kept     DAMAGED: ${damage_total} found, first ${first?.area ?? "?"} ${first?.name ?? ""}; run maestro fsck`;
  return last_pass === null ? "kept     nothing found damaged; not all of it looked at yet" : `kept     nothing found damaged; all of it looked at ${passes} times, last ${last_pass}`;
}

const MIB = 1_048_576;

function modelLines(models: Status["models"]): string[] {
  if (models === undefined) return [];
  const each = models.workers.map(({ model, state, running, waiting, memory_bytes, deaths }) => `model    ${model}  ${state}, ${running} running, ${waiting} waiting, ${Math.round(memory_bytes / MIB)} MiB${deaths === 0 ? "" : `, ${deaths} workers died`}`);
  return [...each, `tokens   ${models.prompt_tokens} of prompts (${models.cached_tokens} not evaluated again), ${models.completion_tokens} of answers`];
}

export const run: CommandModule["run"] = async ({ values }) => {
  const { client, locations } = connect(values);
  const status = await client.status();
  if (values["json"] === true) {
    (await import("../document.ts")).printJson(status);
    return EXIT.admit;
  }
  const { daemon, trust, log, gates, workers } = status;
  print(
    [
      `maestrod ${daemon.version}  ${daemon.state}  pid ${daemon.pid}, up ${daemon.uptime_s} s, ${Math.round(status.memory_bytes / MIB)} MiB`,
      `trust    ${trust.domain}${trust.self_made ? " (self-made: proves integrity, not authority)" : ""}, modes ${status.mode.join(" ")}`,
      `log      ${trust.log_origin}  ${log.size} entries`,
      `gates    ${gates.running} running, ${gates.waiting} waiting, ${gates.total} recorded`,
      `workers  ${workers.ready} ready, ${workers.busy} busy${workers.starts === "closed" ? "" : ", none starts (see the log)"}${workers.suspended_tenants === 0 ? "" : `, ${workers.suspended_tenants} tenants suspended after crashes`}; memory capped by ${workers.memory_cap === "kernel" ? "the kernel" : "watching"}`,
      ...(status.reload === null ? [] : [`reload   ${status.reload.result}: ${status.reload.detail}${status.reload.needs_restart.length > 0 ? `; waits for a restart: ${status.reload.needs_restart.join(", ")}` : ""}`]),
      ...modelLines(status.models),
      `state    ${status.state_dir}`,
      integrityLine(status.integrity),
      `socket   ${locations.socket_path}`,
      ...(status.clock.frozen === null ? [] : [`clock    jumped ahead by ${status.clock.frozen.step_s} s: entries are dated ${status.clock.frozen.at}; see maestro clock`]),
      ...daemon.degraded.map((reason) => `degraded ${reason}`),
    ].join("\n"),
  );
  return EXIT.admit;
};
