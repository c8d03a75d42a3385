/**
 * The host's configuration as it runs. What decides about changes (`rules`,
 * `required`, `thresholds`, `commands`, `obligations`, `builds`, `mounts`, and who may release what) is read anew
 * for each gate and may change while the daemon runs, and so may whose tokens
 * are taken (`capabilities`, `oidc`), because one that leaked must end at
 * once, and what is routed where (`routers`); everything else was handed out when it started and stays until the
 * next start.
 */
import { canonicalNumbers } from "../../proto/canonical.ts";
import type { HostConfig } from "../../proto/config.ts";
import { resolveHost, type Host } from "./host.ts";

const LIVE = ["rules", "required", "thresholds", "commands", "obligations", "builds", "mounts", "people", "groups", "approvals", "override", "capabilities", "oidc", "routers"] as const satisfies readonly (keyof Host)[];

/** What became of a file that was read again. */
export interface Adopted {
  /** Settings that changed and hold from the next gate on. */
  readonly applied: readonly string[];
  /** Settings that differ from what runs and wait for a restart. */
  readonly needs_restart: readonly string[];
}

export class LiveHost {
  /** For whoever asks each time; a copy of it stays as it was. */
  readonly host: Host;
  /** The file as it runs: what waits for a restart is not in it. */
  given: HostConfig;
  /** The last file taken over; of it only what is `LIVE` is ever looked at. */
  private newest: Host;

  constructor(given: HostConfig) {
    const started = resolveHost(given);
    this.given = given;
    this.newest = started;
    const live = Object.fromEntries(LIVE.map((key) => [key, { get: () => this.newest[key], enumerable: true }]));
    this.host = Object.freeze(Object.defineProperties({ ...started }, live));
  }

  /** Takes over what can be taken over. The caller has checked `next` as at a start. */
  adopt(next: HostConfig): Adopted {
    const wanted = resolveHost(next);
    const changed = differences(this.host, wanted);
    const live = (path: string) => LIVE.some((key) => path === key || path.startsWith(`${key}.`));
    this.newest = wanted;
    this.given = withLivePart(this.given, next);
    return { applied: changed.filter(live), needs_restart: changed.filter((path) => !live(path)) };
  }
}

/** A key that the new file leaves out is a default again, so it must be gone here too. */
function withLivePart(given: HostConfig, next: HostConfig): HostConfig {
  const isLive = ([key]: [string, unknown]): boolean => (LIVE as readonly string[]).includes(key);
  // Every entry stood in one of the two files, under its own name.
  return Object.fromEntries([...Object.entries(given).filter((entry) => !isLive(entry)), ...Object.entries(next).filter(isLive)]) as HostConfig;
}

/** Paths of settings that differ; inside `limits` and `thresholds` down to the one number. */
function differences(now: Host, next: Host): string[] {
  return Object.keys(next).flatMap((key) => pathsOf(key, Reflect.get(now, key), Reflect.get(next, key)));
}

function pathsOf(path: string, now: unknown, next: unknown): string[] {
  if (canonicalNumbers(now) === canonicalNumbers(next)) return [];
  const deeper = /^(?:limits(?:\.[a-z]+)?|thresholds)$/.test(path) && isRecord(now) && isRecord(next);
  return deeper ? Object.keys(next).flatMap((key) => pathsOf(`${path}.${key}`, now[key], next[key])) : [path];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
