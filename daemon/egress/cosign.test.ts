/** The helper asks witnesses of its own table, and nobody else; a sealed node has no helper. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { newWitness } from "../testing/witnesses.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { WitnessEntry } from "../../proto/witness.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../config/host.ts";
import { systemClock } from "../platform/clock.ts";
import { cosignerKeyText } from "../verifier/cosignature.ts";
import { cosign } from "./cosign.ts";
import { createEgress } from "./index.ts";

let server: Server;
let entry: WitnessEntry;
let asked: { method: string; url: string; body: string }[] = [];
let reply: (end: (status: number, type: string, body: string | Buffer) => void) => void = (end) => end(200, "text/plain", "line\n");

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      asked.push({ method: request.method ?? "", url: request.url ?? "", body });
      reply((status, type, text) => response.writeHead(status, { "content-type": type, location: "http://127.0.0.1:1/elsewhere" }).end(text));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  entry = { name: "a", url: `http://127.0.0.1:${address.port}/prefix/`, vkey: cosignerKeyText(newWitness("witness.example/a").key) };
});
afterAll(() => void server.close());
const job = (witness = "a") => ({ kind: "cosign" as const, witness, body: "old 0\n\nx", deadline_ms: 10_000 });
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "none", (error: unknown) => (error instanceof MaestroError ? error.code : String(error)));

test("a submission goes to the prefix of the table, and whatever is answered comes back", async () => {
  asked = [];
  expect(await cosign([entry], job())).toEqual({ kind: "cosign", status: 200, type: "text/plain", text: "line\n" });
  expect(asked).toEqual([{ method: "POST", url: "/prefix/add-checkpoint", body: "old 0\n\nx" }]);
  reply = (end) => end(409, "text/x.tlog.size; charset=utf-8", "7\n");
  expect(await cosign([entry], job())).toMatchObject({ status: 409, type: "text/x.tlog.size", text: "7\n" });
});

test("attack: a redirect, an answer without end, silence, and a witness that the table does not name", async () => {
  reply = (end) => end(302, "text/plain", "");
  expect((await cosign([entry], job())).status).toBe(302);
  reply = (end) => end(200, "text/plain", Buffer.alloc(1024 * 1024));
  expect(await codeOf(cosign([entry], job()))).toBe("egress.failed");
  reply = () => undefined;
  expect(await codeOf(cosign([entry], { ...job(), deadline_ms: 50 }))).toBe("egress.timeout");
  asked = [];
  expect(await codeOf(cosign([entry], job("b")))).toBe("request.not_found");
  expect(await codeOf(cosign([{ ...entry, url: "unix:/run/x.sock" }], job()))).toBe("request.not_found");
  expect(asked).toEqual([]);
});

test("a sealed node opens no connection, by name", async () => {
  const host = { ...resolveHost({ ...EMBEDDED_CONFIG, witnesses: [entry] }), modes: ["sealed" as const] };
  const egress = createEgress({ host, state_dir: "/nonexistent", git_folder: "/usr/bin", clock: systemClock });
  expect(await codeOf(egress.cosign("a", "", 1000))).toBe("egress.sealed");
});
