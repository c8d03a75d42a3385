import type { TSchema } from "@sinclair/typebox";
import { Problem } from "../../proto/api.ts";
import { PROBLEM_TYPE } from "../../proto/problem.ts";
import { BYTES_TYPE, JSON_TYPE, NDJSON, TEXT_TYPE } from "../../proto/routes.ts";
import type { Route } from "./route.ts";

type Json = Readonly<Record<string, unknown>>;

const PROBLEM_REPLY = { description: "A problem (RFC 9457)", content: { [PROBLEM_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } } };

/** The OpenAPI 3.1 document of a route table. TypeBox schemas are JSON Schema 2020-12, as OpenAPI 3.1 wants them. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.shape.path.replace(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.shape.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.1",
    info: { title: "Maestro", version, summary: "The daemon's interface over its Unix socket", license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "http://maestro", description: "Any host name will do: the connection is the Unix socket" }],
    paths,
    components: { schemas: { Problem: plain(Problem) } },
  };
}

function operation(route: Route): Json {
  const parameters = Object.entries(route.params).map(([name, schema]) => ({ name, in: "path", required: true, schema: plain(schema) }));
  const body = requestBody(route);
  return {
    operationId: route.name,
    summary: route.summary,
    ...(route.access === "operator" ? { description: "Only the daemon's own user, root, and tenants with the verb operate, on a socket of role admin." } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === null ? {} : { requestBody: body }),
    responses: { "200": okReply(route), default: PROBLEM_REPLY },
  };
}

function requestBody(route: Route): Json | null {
  if (route.request !== null) return { required: true, content: { [JSON_TYPE]: { schema: plain(route.request) } } };
  if (route.shape.body === "stream") return { required: true, content: { [BYTES_TYPE]: {} } };
  return null;
}

const CONTENT_TYPES = { json: JSON_TYPE, events: NDJSON, text: TEXT_TYPE } as const;

function okReply({ shape, reply }: Route): Json {
  const description = shape.reply === "events" ? "One event per line, as it happens; the schema is that of a line" : "The answer";
  return { description, content: { [CONTENT_TYPES[shape.reply]]: { schema: plain(reply) } } };
}

/** Without TypeBox's own symbols. */
function plain(schema: TSchema): unknown {
  return JSON.parse(JSON.stringify(schema));
}
