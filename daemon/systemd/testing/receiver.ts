/** Stands in for the service manager: a Unix datagram socket, which Bun and Node cannot open themselves. */
import { dlopen } from "bun:ffi";
import { AF_UNIX } from "../../platform/kernel/socket.ts";

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2_000_000;
const MSG_DONTWAIT = 0x40;
const DATAGRAM_BYTES_MAX = 4096;
const POLL_MS = 2;

const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
});

export interface Heard {
  /** When it was taken from the socket. */
  readonly at_ms: number;
  readonly assignments: Readonly<Record<string, string>>;
}

export class NotifyReceiver {
  readonly heard: Heard[] = [];
  private readonly fd: number;
  private readonly timer: ReturnType<typeof setInterval>;

  /** `address` as in NOTIFY_SOCKET. */
  constructor(readonly address: string) {
    const name = new TextEncoder().encode(address.startsWith("@") ? `\0${address.slice(1)}` : `${address}\0`);
    this.fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const at = Uint8Array.of(AF_UNIX, 0, ...name);
    if (this.fd < 0 || libc.bind(this.fd, at, at.length) !== 0) throw new Error(`no datagram socket at ${address}`);
    this.timer = setInterval(() => this.take(), POLL_MS);
  }

  /** Those that hold this assignment's name. */
  with(name: string): readonly Heard[] {
    this.take();
    return this.heard.filter(({ assignments }) => assignments[name] !== undefined);
  }

  private take(): void {
    const buffer = new Uint8Array(DATAGRAM_BYTES_MAX);
    for (;;) {
      const bytes = Number(libc.recv(this.fd, buffer, BigInt(buffer.length), MSG_DONTWAIT));
      if (bytes < 0) return;
      const lines = new TextDecoder().decode(buffer.subarray(0, bytes)).split("\n");
      this.heard.push({ at_ms: performance.now(), assignments: Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])) });
    }
  }

  close(): void {
    clearInterval(this.timer);
    libc.close(this.fd);
  }
}
