/** One model on its way to the daemon: what it says of itself, then its files, each read as it is sent. */
import type { ImportHead, ModelImported } from "../../../proto/models-api.ts";
import type { ModelFile } from "../../../proto/model-store.ts";
import { utf8 } from "../../../proto/encoding.ts";
import type { MaestroClient } from "../../client/maestro.ts";

export interface Sending {
  readonly role: ModelFile["role"];
  readonly name: string;
  readonly bytes: number;
  /** From its beginning at each call. */
  readonly read: () => AsyncIterable<Uint8Array>;
}

async function* body(head: ImportHead, files: readonly Sending[]): AsyncGenerator<Uint8Array, void> {
  yield utf8(`${JSON.stringify(head)}\n`);
  for (const { read } of files) yield* read();
}

/** A stream that is read no faster than the daemon takes it. An error of a file is the stream's, and the caller's: see `sendModel`. */
function streamOf(chunks: AsyncGenerator<Uint8Array, void>, failed: (error: unknown) => void): ReadableStream<Uint8Array> {
  let cancelled = false;
  const next = async (): Promise<IteratorResult<Uint8Array, void>> => {
    try {
      return await chunks.next();
    } catch (error) {
      failed(error);
      throw error;
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await next();
        // A daemon that refused what it has read so far takes no more, also while a file is read.
        if (cancelled) return;
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        cancelled = true;
        void chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}

export async function sendModel(client: Pick<MaestroClient, "importModel">, { name, origin, said }: Omit<ImportHead, "files">, files: readonly Sending[]): Promise<ModelImported> {
  const head: ImportHead = { name, origin, ...(said === undefined ? {} : { said }), files: files.map(({ role, name: file, bytes }) => ({ role, name: file, bytes })) };
  let own: unknown;
  try {
    return await client.importModel(() => streamOf(body(head, files), (error) => (own = error)));
  } catch (error) {
    // What could not be read here cut the connection; that says more than the cut.
    throw own ?? error;
  }
}
