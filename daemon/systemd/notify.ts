/** What the service manager is told of this process: sd_notify(3) as plain datagrams, so that no helper process and no native package is needed. */
import { machineMonotonicUs } from "../platform/kernel/clock.ts";
import { sendUnixDatagram } from "../platform/kernel/socket.ts";

/** The manager shows it in `systemctl status`; it cuts longer lines. */
const STATUS_CHARACTERS_MAX = 200;

export class ServiceManager {
  private told = false;

  /** `address` is null where there is no manager: everything said is then dropped. `lost` hears of the first datagram that could not be sent. */
  constructor(
    private readonly address: string | null,
    private readonly lost: (error: unknown) => void,
  ) {}

  /** The socket answers. Ends a reload, too. */
  ready(status: string): void {
    this.say("READY=1", `MAINPID=${process.pid}`, statusLine(status));
  }

  status(text: string): void {
    this.say(statusLine(text));
  }

  /** `ready` must follow. The time lets the manager tell this reload from an older one (`Type=notify-reload`). */
  reloading(): void {
    this.say("RELOADING=1", `MONOTONIC_USEC=${machineMonotonicUs()}`);
  }

  stopping(): void {
    this.say("STOPPING=1", statusLine("finishing what is in flight"));
  }

  alive(): void {
    this.say("WATCHDOG=1");
  }

  private say(...assignments: readonly string[]): void {
    if (this.address === null) return;
    try {
      sendUnixDatagram(this.address, assignments.join("\n"));
    } catch (error) {
      // A manager that cannot be told will kill or time out by its own rules; ending here would only make it worse.
      if (!this.told) this.lost(error);
      this.told = true;
    }
  }
}

/** One line: a newline would begin another assignment. */
const statusLine = (text: string): string => `STATUS=${text.replace(/[\r\n]+/g, " ").slice(0, STATUS_CHARACTERS_MAX)}`;
