/** The routes as the client packages see them: the daemon's own OpenAPI document, with what only `proto/routes.ts` knows. */
import { JSON_TYPE, NDJSON, ROUTES, type RouteName, type RouteShape } from "../../../proto/routes.ts";

export type Schema = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly name: RouteName;
  readonly summary: string;
  readonly shape: RouteShape;
  /** Names in the path, in its order. */
  readonly params: readonly string[];
  readonly request: Schema | null;
  readonly reply: Schema;
}

export const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);

/** What lies at a path of keys; an empty schema where nothing does. */
function at(value: unknown, ...keys: readonly string[]): Schema {
  const found = keys.reduce<unknown>((inner, key) => (isSchema(inner) ? inner[key] : undefined), value);
  return isSchema(found) ? found : {};
}

const isRoute = (name: unknown): name is RouteName => typeof name === "string" && Object.hasOwn(ROUTES, name);

/** In the order of `ROUTES`. Throws `RangeError` where the document and the table disagree: then one of them is of another version. */
export function operationsOf(document: unknown): Operation[] {
  const described = Object.values(at(document, "paths")).flatMap((methods) => (isSchema(methods) ? Object.values(methods) : [])).filter(isSchema);
  const names = described.map(({ operationId }) => operationId);
  const missing = Object.keys(ROUTES).filter((name) => !names.includes(name));
  if (missing.length > 0) throw new RangeError(`the document lacks ${missing.join(" ")}`);
  const operations = described.map((one): Operation => {
    const { operationId: name, summary } = one;
    if (!isRoute(name) || typeof summary !== "string") throw new RangeError(`no route is called ${String(name)}`);
    const shape: RouteShape = ROUTES[name];
    const content = at(one, "responses", "200", "content");
    return {
      name,
      summary,
      shape,
      params: [...shape.path.matchAll(/:([a-z_]+)/g)].map((match) => match[1]!),
      request: shape.body === "json" ? at(one, "requestBody", "content", JSON_TYPE, "schema") : null,
      reply: shape.reply === "text" ? { type: "string" } : at(content, shape.reply === "events" ? NDJSON : JSON_TYPE, "schema"),
    };
  });
  const order = Object.keys(ROUTES);
  // What speaks as another interface does has clients of its own, and its failures are no problem documents.
  return operations.filter(({ shape }) => shape.dialect === undefined).sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}
