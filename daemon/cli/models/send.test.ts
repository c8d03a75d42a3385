import { expect, test } from "bun:test";
import { MaestroError } from "../../../proto/errors.ts";
import { sendModel, type Sending } from "./send.ts";

const HEAD = { name: "m", origin: "file" } as const;
const file = (read: Sending["read"]): Sending => ({ role: "weights", name: "w", bytes: 1, read });

/** A daemon that reads the head, and refuses while the first piece of the first file is still being read. */
async function refusing(stream: () => ReadableStream<Uint8Array>, reading: Promise<void>, release: () => void): Promise<never> {
  const reader = stream().getReader();
  await reader.read();
  const pending = reader.read().catch(() => undefined);
  await reading;
  await reader.cancel();
  release();
  await pending;
  // What the stream's own pull still does is done before the refusal is told.
  await new Promise((resolve) => setImmediate(resolve));
  throw new MaestroError("models.refused", "it has no licence");
}

test("a daemon that refuses while a file is read is what is told, and no fault of the stream", async () => {
  const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = file(async function* () {
    begun.resolve();
    await go.promise;
    yield new Uint8Array([1]);
  });
  const sent = sendModel({ importModel: (stream) => refusing(stream, begun.promise, go.resolve) }, HEAD, [slow]);
  expect(await sent.catch((error: unknown) => error)).toMatchObject({ code: "models.refused" });
});

test("a file that cannot be read is told rather than the connection that it cut", async () => {
  const broken = file(async function* () {
    await Promise.resolve();
    throw new MaestroError("cli.usage", "w cannot be read");
    yield new Uint8Array();
  });
  const cut = async (stream: () => ReadableStream<Uint8Array>): Promise<never> => {
    const reader = stream().getReader();
    for (;;) if ((await reader.read()).done) throw new Error("it ended");
  };
  expect(await sendModel({ importModel: cut }, HEAD, [broken]).catch((error: unknown) => error)).toMatchObject({ code: "cli.usage", detail: "w cannot be read" });
});
