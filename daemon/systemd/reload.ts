/** SIGHUP: the host's file is read again. A file that cannot be used changes nothing. */
import type { HostConfig } from "../../proto/config.ts";
import { MaestroError } from "../../proto/errors.ts";
import { resolveHost, type Host } from "../config/host.ts";
import type { LiveHost } from "../config/live.ts";
import type { ServiceManager } from "./notify.ts";

/** How the last reload ended. */
export interface Reload {
  readonly at_s: number;
  readonly result: "applied" | "refused";
  readonly needs_restart: readonly string[];
  /** Why it was refused, or what changed; one line. */
  readonly detail: string;
}

export interface ReloadDeps {
  readonly live: LiveHost;
  readonly manager: Pick<ServiceManager, "reloading" | "ready">;
  /** Reads and checks the file as at a start; null where the daemon has none. */
  readonly read: (() => Promise<HostConfig>) | null;
  /** Takes over what is read from files of its own, such as the keys of tokens, or throws and changes nothing. */
  readonly believe: (next: Host) => Promise<void>;
  readonly now_s: () => number;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export class Reloader {
  last: Reload | null = null;
  private running: Promise<void> | null = null;
  private again = false;

  constructor(private readonly deps: ReloadDeps) {}

  /** One at a time; a signal that comes meanwhile leads to one more, because the file may have changed after it was read. */
  reload(): Promise<void> {
    this.again = this.running !== null;
    this.running ??= this.untilQuiet().finally(() => (this.running = null));
    return this.running;
  }

  private async untilQuiet(): Promise<void> {
    do {
      this.again = false;
      await this.once();
    } while (this.again);
  }

  private async once(): Promise<void> {
    const { manager, log, now_s } = this.deps;
    manager.reloading();
    const last = (this.last = { at_s: now_s(), ...(await this.outcome()) });
    if (last.result === "refused") log.warn({ ...last }, "the configuration was not reloaded");
    else log.info({ ...last }, "configuration reloaded");
    manager.ready(last.result === "applied" ? "configuration reloaded" : `reload refused: ${last.detail}`);
  }

  private async outcome(): Promise<Omit<Reload, "at_s">> {
    const { read, live, believe } = this.deps;
    if (read === null) return { result: "refused", needs_restart: [], detail: "this daemon was started without a configuration file" };
    try {
      const next = await read();
      await believe(resolveHost(next));
      const { applied, needs_restart } = live.adopt(next);
      return { result: "applied", needs_restart, detail: applied.length === 0 ? "nothing that can change while it runs was changed" : `changed: ${applied.join(", ")}` };
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
      return { result: "refused", needs_restart: [], detail: `${error.detail} (${error.code}); what ran before goes on` };
    }
  }
}
