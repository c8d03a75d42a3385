/** A process that stands where an engine would, and does what a broken one does. Mode `serve` keeps to the protocol; `raw-*` do not. */
import { appendFileSync, readFileSync, readSync, writeSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { MaestroError } from "../../../../proto/errors.ts";
import { dieWithParent } from "../../../platform/kernel/process.ts";
import { frameOf } from "../../../platform/process/child.ts";
import { validatorOf } from "../../../platform/process/envelope.ts";
import { encodeFrame } from "../../../platform/process/frames.ts";
import { type RequestContext, serveEngine } from "../serve.ts";

const FakeJob = Type.Object({ act: Type.String(), text: Type.Optional(Type.String()) }, { additionalProperties: false });
type FakeJob = Static<typeof FakeJob>;

const [mode = "serve", file = ""] = process.argv.slice(2);
const kept: Uint8Array[] = [];
const spin = (): never => {
  for (;;);
};
const untilAborted = (signal: AbortSignal): Promise<void> => (signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })));

const ACTS: Record<string, (text: string, context: RequestContext) => unknown> = {
  open: (text) => ({ text: `open ${text}` }),
  echo: (text) => ({ text }),
  /** Named steps in the order of their coming, then an answer. */
  async stream(text, { progress, signal }) {
    for (const step of text.split(" ")) {
      if (signal.aborted) return { text: "cancelled" };
      progress({ text: step });
      await Bun.sleep(5);
    }
    return { text };
  },
  async wait(text, { progress, signal }) {
    progress({ text: "waiting" });
    await untilAborted(signal);
    return { text: `${text} cancelled` };
  },
  async deaf(_, { progress }) {
    progress({ text: "waiting" });
    await Bun.sleep(600_000);
  },
  /** The loop itself hangs, as in native code. */
  hang: spin,
  async "hang-in-stream"(_, { progress }) {
    progress({ text: "one" });
    await Bun.sleep(1);
    return spin();
  },
  async "crash-in-stream"(_, { progress }) {
    progress({ text: "one" });
    await Bun.sleep(20);
    process.kill(process.pid, "SIGSEGV");
    await Bun.sleep(600_000);
  },
  /** Nothing of it runs any more, and nothing ended; its file then has its number. */
  async stop() {
    appendFileSync(file === "" ? "/dev/null" : file, String(process.pid));
    process.kill(process.pid, "SIGSTOP");
    await Bun.sleep(600_000);
  },
  exit: () => process.exit(3),
  refuse(text) {
    throw new MaestroError("models.request", text);
  },
  throw(text) {
    throw new Error(text);
  },
  "refuse-to-load"(text) {
    throw new MaestroError("models.load", text);
  },
  async leak() {
    for (;;) {
      kept.push(new Uint8Array(8 << 20).fill(1));
      await Bun.sleep(2);
    }
  },
  pid: () => ({ text: String(process.pid) }),
  "wrong-answer": () => ({ text: 1 }),
  "wrong-progress"(_, { progress }) {
    progress({ words: "one" });
    return { text: "" };
  },
};

async function handle({ act, text = "" }: FakeJob, context: RequestContext): Promise<unknown> {
  const run = ACTS[act];
  if (run === undefined) throw new Error(`no such act: ${act}`);
  return run(text, context);
}

const raw = (bytes: Uint8Array): void => void writeSync(1, bytes);
const reply = (id: number): Uint8Array => frameOf({ kind: "reply", id, value: { text: "open" } });

/** Said once it is open, after the next request came. */
const LIES: Record<string, Uint8Array> = {
  "raw-garbage": Buffer.from("Segmentation fault\n"),
  "raw-length": Buffer.from([0xff, 0xff, 0xff, 0xff]),
  "raw-unknown-request": reply(7),
  "raw-twice": Buffer.concat([reply(2), reply(2)]),
  "raw-ready": frameOf({ kind: "ready" }),
  "raw-code": encodeFrame({ kind: "failure", id: 2, code: "constructor", detail: "d" }, 1_000),
};

const lie = LIES[mode];
if (lie !== undefined) {
  dieWithParent();
  raw(frameOf({ kind: "ready" }));
  readSync(0, new Uint8Array(65_536));
  raw(reply(1));
  readSync(0, new Uint8Array(65_536));
  raw(lie);
  for (;;) await Bun.sleep(60_000);
} else if (mode === "die-at-start") {
  appendFileSync(file, "x");
  process.exit(9);
} else if (mode === "die-at-first-start") {
  appendFileSync(file, "x");
  if (readFileSync(file, "utf8").length === 1) process.exit(9);
}
await serveEngine<FakeJob>({ validate: validatorOf(FakeJob), handle, close: async () => appendFileSync(file === "" ? "/dev/null" : file, "closed") });
