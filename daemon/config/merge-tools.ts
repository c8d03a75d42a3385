/** Commands and obligations of host and base together. The base adds; under a name of the host's it may say nothing. */
import { commandCheck, type Commands, type ToolMounts } from "../../proto/command.ts";
import type { GateConfig, RepositoryConfig } from "../../proto/config.ts";
import { OBLIGATIONS_CHECK, type ObligationRule, type ObligationRules } from "../../proto/report.ts";
import type { Host } from "./host.ts";
import { SYSTEM_MOUNT } from "./tool-mounts.ts";

type Tools = Pick<GateConfig, "commands" | "obligations" | "mounts">;

export function looserTools(host: Pick<Host, "commands" | "obligations">, base: Pick<RepositoryConfig, "commands" | "obligations">): string[] {
  const twice = (kind: "commands" | "obligations") => Object.keys(base[kind] ?? {}).filter((name) => Object.hasOwn(host[kind], name)).map((name) => `${kind}.${name}: the host declares it, and only the host may change it`);
  return [...twice("commands"), ...twice("obligations"), ...readsHidden(host, base)];
}

/** Where a number is read from: a file of a command, or a report that is handed in. */
const sourceOf = ({ from: { command, file, report } }: ObligationRule): string => JSON.stringify([command ?? null, file ?? null, report ?? null]);

/** The host hides a number; bounds of the base's own over the same report, hidden or not, would tell it bit by bit. */
function readsHidden(host: Pick<Host, "obligations">, base: Pick<RepositoryConfig, "obligations">): string[] {
  const hidden = new Map(Object.entries(host.obligations).flatMap(([name, rule]) => (rule.hide === true ? [[sourceOf(rule), name] as const] : [])));
  return Object.entries(base.obligations ?? {}).flatMap(([name, rule]) => {
    const of = hidden.get(sourceOf(rule));
    return of === undefined ? [] : [`obligations.${name}: the host hides ${of}, which is read from the same report, and only the host may read that`];
  });
}

/** Only what some command can use: another tool chain of the host is no part of what this gate ran under. */
function usedMounts(commands: Commands, offered: ToolMounts): ToolMounts {
  const wanted = Object.values(commands).flatMap(({ mounts = [] }) => mounts);
  const names = Object.keys(commands).length === 0 ? [] : [...new Set([SYSTEM_MOUNT, ...wanted])].sort();
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(offered, name) ? [[name, offered[name]!]] : [])));
}

export function mergeTools(host: Pick<Host, "commands" | "obligations" | "mounts">, base: Pick<RepositoryConfig, "commands" | "obligations">): Tools {
  const commands: Commands = { ...base.commands, ...host.commands };
  const obligations: ObligationRules = { ...base.obligations, ...host.obligations };
  return { commands, obligations, mounts: usedMounts(commands, host.mounts) };
}

/** Checks without which nothing is admitted because a command or an obligation says so itself. */
export function requiredByTools({ commands, obligations }: Tools): string[] {
  const ofCommands = Object.entries(commands).filter(([, { required = true }]) => required).map(([name]) => commandCheck(name));
  const some = Object.values(obligations).some(({ required = true }) => required);
  return some ? [...ofCommands, OBLIGATIONS_CHECK] : ofCommands;
}
