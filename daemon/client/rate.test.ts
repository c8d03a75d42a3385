/** A tenant that asks too fast is told when to come again, and its client comes again then. */
import { afterEach, expect, test } from "bun:test";
import { IntakeId, PackReply, StatusReply } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { route } from "../api/index.ts";
import { serve, type ServedApi, STATUS } from "../api/testing/serve.ts";
import { SocketClient } from "./socket.ts";

const INTAKE = `intake-${"a".repeat(26)}`;
let api: ServedApi | null = null;
afterEach(async () => {
  await api?.end();
  api = null;
});

const slower = (retry_after_s: number): MaestroError => new MaestroError("tenant.rate", `again in ${retry_after_s} s`, { retry_after_s });

/** A daemon that refuses the first `refusals` requests of each route. */
async function limited(refusals: number, retry_after_s: number): Promise<{ readonly path: string; readonly asked: number[] }> {
  const asked: number[] = [];
  const refuse = (): void => {
    asked.push(performance.now());
    if (asked.length <= refusals) throw slower(retry_after_s);
  };
  const open = { access: "any", request: null, summary: "" } as const;
  api = await serve({
    routes: [
      route("status", { ...open, params: {}, reply: StatusReply, body_bytes_max: 0, handle: () => (refuse(), STATUS) }),
      route("sendPack", {
        ...open,
        params: { id: IntakeId },
        reply: PackReply,
        body_bytes_max: 1_000_000,
        async handle({ stream }) {
          refuse();
          return { objects: 0, bytes: (await new Response(stream).bytes()).length, warnings: [] };
        },
      }),
    ],
  });
  return { path: api.path, asked };
}

test("a request that came too fast comes again after what the daemon asks, not before", async () => {
  const { path, asked } = await limited(1, 1);
  expect(await new SocketClient(path).request("status", {})).toEqual(STATUS);
  expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
});

test("an upload that came too fast is sent again from its beginning", async () => {
  const { path, asked } = await limited(1, 1);
  const stream = () => new Blob([new Uint8Array(200_000)]).stream();
  expect(await new SocketClient(path).request("sendPack", { params: { id: INTAKE }, stream })).toMatchObject({ bytes: 200_000 });
  expect(asked).toHaveLength(2);
});

test("a wait beyond the client's patience is not begun: the refusal is what the caller hears, at once", async () => {
  const { path, asked } = await limited(9, 60);
  const started = performance.now();
  await expect(new SocketClient(path, { patience_ms: 5_000 }).request("status", {})).rejects.toMatchObject({ code: "tenant.rate" });
  expect([asked.length, performance.now() - started < 30_000]).toEqual([1, true]);
});
