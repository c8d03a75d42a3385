/** A check process that does what a hostile change could make one do. `raw-*` modes do not even keep to the protocol. */
import { readSync, writeFileSync, writeSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { MaestroError } from "../../../../proto/errors.ts";
import { dieWithParent } from "../../kernel/process.ts";
import { type JobContext, serve } from "../child.ts";
import { validatorOf } from "../envelope.ts";

const HostileJob = Type.Object({ act: Type.String(), text: Type.Optional(Type.String()) }, { additionalProperties: false });
type HostileJob = Static<typeof HostileJob>;

/** `(func (export "f") (loop br 0))` */
const WASM_LOOP = Uint8Array.from([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0, 0x0a, 9, 1, 7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b,
]);

const leaked: Uint8Array[] = [];

const ACTS: Record<string, (text: string, context: JobContext) => unknown> = {
  echo: (text) => ({ text }),
  environment: () => ({ text: JSON.stringify(process.env) }),
  limits: async () => ({ text: `${await Bun.file("/proc/self/status").text()}oom ${await Bun.file("/proc/self/oom_score_adj").text()}` }),
  nothing: () => undefined,
  large: () => ({ text: "x".repeat(3_000_000) }),
  progress(text, context) {
    for (let step = 1; step <= 3; step++) context.progress({ step });
    return { text };
  },
  "progress-flood"(_, context) {
    for (;;) context.progress({ step: 1 });
  },
  "progress-wrong"(text, context) {
    context.progress({ step: "one" });
    return { text };
  },
  noise(text) {
    console.log("a library prints a banner");
    process.stdout.write("and another one\n");
    Bun.spawnSync(["/bin/echo", "and a program"], { stdout: "inherit" });
    writeSync(1, "and a native library\n");
    return { text };
  },
  stdin: (text) => ({ text: `${text}${Bun.spawnSync(["/bin/cat"], { stdin: "inherit" }).stdout.length}` }),
  regex: () => ({ text: String(/a*a*a*a*a*b/.test("a".repeat(100_000))) }),
  wasm() {
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(WASM_LOOP)).exports;
    return typeof f === "function" ? f() : undefined;
  },
  async leak() {
    for (;;) {
      leaked.push(new Uint8Array(8 << 20).fill(1));
      await Bun.sleep(5);
    }
  },
  "leak-blocking"() {
    for (;;) leaked.push(new Uint8Array(8 << 20).fill(1));
  },
  "leak-in-grandchild": () => Bun.spawnSync(["/usr/bin/tail", "/dev/zero"]),
  exit: () => process.exit(1),
  "exit-clean": () => process.exit(0),
  segv: () => process.kill(process.pid, "SIGSEGV"),
  "killed-from-outside": () => process.kill(process.pid, "SIGKILL"),
  throw(text) {
    throw new Error(text);
  },
  "throw-typed"(text) {
    throw new MaestroError("policy.load", text);
  },
  "throw-later"() {
    setTimeout(() => {
      throw new Error("nobody catches this");
    }, 1);
    return Bun.sleep(60_000);
  },
  grandchild(text) {
    const child = Bun.spawn(["/bin/sleep", "60"], { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
    writeFileSync(text, String(child.pid));
    return { text: String(child.pid) };
  },
  "grandchild-then-regex"(text) {
    Bun.spawn(["/bin/sh", "-c", `echo $$ > ${text}; while :; do :; done`]);
    return ACTS["regex"]?.(text, { progress: () => undefined });
  },
  /** Leaves group, session and parent; with `bare` also its environment. */
  async flee(text) {
    await Bun.spawn(["/usr/bin/setsid", "--fork", "/bin/sleep", text]).exited;
    return { text };
  },
  async "flee-bare"(text) {
    await Bun.spawn(["/usr/bin/env", "-i", "/usr/bin/setsid", "--fork", "/bin/sleep", text]).exited;
    return { text };
  },
  async "flee-then-regex"(text, context) {
    await ACTS["flee"]?.(text, context);
    return ACTS["regex"]?.(text, context);
  },
  /** Eight processes that take 120 MB each, all at once. */
  async "burst"(text) {
    const one = "head -c 120000000 /dev/zero | tail -c 120000000 > /dev/null &";
    await Bun.spawn(["/bin/sh", "-c", `${one.repeat(8)} wait`]).exited;
    return { text };
  },
  "stderr-flood"(text) {
    for (let i = 0; i < 200; i++) writeSync(2, "x".repeat(65_536));
    return { text };
  },
  stop: () => process.kill(process.pid, "SIGSTOP"),
  wait: () => Bun.sleep(60_000),
};

function rawFrame(text: string, length = Buffer.byteLength(text)): Uint8Array {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(length);
  return Buffer.concat([header, Buffer.from(text)]);
}

const READY = rawFrame('{"kind":"ready"}');
const REPLY = rawFrame('{"kind":"reply","id":1,"value":{"text":"lie"}}');

/** What each liar writes: before a job arrives, then after it. */
const LIES: Record<string, readonly [before: Uint8Array, after: Uint8Array]> = {
  "raw-never-ready": [Buffer.alloc(0), Buffer.alloc(0)],
  "raw-answer-before-ready": [REPLY, Buffer.alloc(0)],
  "raw-ready-twice": [Buffer.concat([READY, READY]), Buffer.alloc(0)],
  "raw-http": [Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), Buffer.alloc(0)],
  "raw-answer-before-job": [Buffer.concat([READY, REPLY]), Buffer.alloc(0)],
  "raw-not-json": [READY, rawFrame("{'kind':'reply'}")],
  "raw-not-utf8": [READY, Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from([0x22, 0xff, 0x22])])],
  "raw-over-cap": [READY, rawFrame("", 0xffff_ffff)],
  "raw-empty": [READY, rawFrame("")],
  "raw-deep": [READY, rawFrame("[".repeat(500_000))],
  "raw-wrong-id": [READY, rawFrame('{"kind":"reply","id":2,"value":{"text":"lie"}}')],
  "raw-unknown-kind": [READY, rawFrame('{"kind":"admit","id":1,"value":{}}')],
  "raw-extra-field": [READY, rawFrame('{"kind":"reply","id":1,"value":{"text":"lie"},"admit":true}')],
  "raw-wrong-schema": [READY, rawFrame('{"kind":"reply","id":1,"value":{"text":1}}')],
  "raw-proto": [READY, rawFrame('{"kind":"reply","id":1,"value":{"text":"x","__proto__":{"admin":true}}}')],
  "raw-cut-frame": [READY, rawFrame('{"kind":"rep', 400)],
  "raw-twice": [READY, Buffer.concat([REPLY, REPLY])],
  "raw-fake-code": [READY, rawFrame('{"kind":"failure","id":1,"code":"constructor","detail":"d"}')],
};

const mode = process.argv[2] ?? "serve";
const lie = LIES[mode];
if (lie !== undefined) {
  // Not part of any lie: a test run that is itself killed must leave nothing behind.
  dieWithParent();
  writeSync(1, lie[0]);
  if (readSync(0, new Uint8Array(65_536)) > 0) writeSync(1, lie[1]);
  // A cut frame is only seen as cut when the output ends; the other liars stay, so that the test sees them killed.
  if (mode === "raw-cut-frame") process.exit(0);
  for (;;) await Bun.sleep(60_000);
} else if (mode === "exit-at-start") {
  process.exit(9);
} else {
  await serve<HostileJob>({
    validate: validatorOf(HostileJob),
    async handle({ act, text = "" }, context) {
      const run = ACTS[act];
      if (run === undefined) throw new Error(`no such act: ${act}`);
      return run(text, context);
    },
  });
}
