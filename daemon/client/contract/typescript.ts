/** Prints the contract as TypeScript: types by module of `proto/`, the table of routes, one method a route. */
import { ERRORS } from "../../../proto/errors.ts";
import { API_VERSION, API_VERSION_HEADER } from "../../../proto/routes.ts";
import { CAPABILITY_HEADER, CAPABILITY_PREFIX } from "../../../proto/token.ts";
import type { Named, Names } from "./names.ts";
import { isSchema, type Operation, type Schema } from "./operations.ts";

const HEAD = "// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.\n";

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const comment = (text: unknown, indent = ""): string => (typeof text === "string" ? `${indent}/** ${text.replaceAll("*/", "* /")} */\n` : "");

class TypePrinter {
  /** Names that were written down since the last `take`. */
  private used = new Set<string>();

  constructor(private readonly names: Names) {}

  take(): string[] {
    const names = [...this.used].sort();
    this.used = new Set();
    return names;
  }

  /** The type of a schema; `top` prints the shape itself and not its name. */
  type(schema: Schema, top = false, indent = ""): string {
    const named = top ? null : this.names.of(schema);
    if (named !== null) {
      this.used.add(named.name);
      return named.name;
    }
    if ("const" in schema) return JSON.stringify(schema["const"]);
    if (Array.isArray(schema["anyOf"])) return [...new Set(schema["anyOf"].filter(isSchema).map((one) => this.type(one, false, indent)))].join(" | ");
    if (isSchema(schema["properties"])) return this.object(schema, schema["properties"], indent);
    const [values] = isSchema(schema["patternProperties"]) ? Object.values(schema["patternProperties"]).filter(isSchema) : [];
    if (values !== undefined) return `Readonly<Record<string, ${this.type(values, false, indent)}>>`;
    if (isSchema(schema["items"])) return `readonly ${this.grouped(schema["items"], indent)}[]`;
    if (schema["type"] === "integer") return "number";
    if (["string", "number", "boolean", "null"].includes(String(schema["type"]))) return String(schema["type"]);
    return schema["type"] === "object" ? "Readonly<Record<string, unknown>>" : "unknown";
  }

  private grouped(schema: Schema, indent: string): string {
    const text = this.type(schema, false, indent);
    return text.includes(" | ") && !text.startsWith("{") ? `(${text})` : text;
  }

  private object({ required }: Schema, properties: Schema, indent: string): string {
    const needed = Array.isArray(required) ? required : [];
    const fields = Object.entries(properties).flatMap(([name, schema]) => {
      if (!isSchema(schema)) return [];
      return [`${comment(schema["description"], `${indent}  `)}${indent}  readonly ${key(name)}${needed.includes(name) ? "" : "?"}: ${this.type(schema, false, `${indent}  `)};\n`];
    });
    return fields.length === 0 ? "Readonly<Record<string, never>>" : `{\n${fields.join("")}${indent}}`;
  }
}

function importLines(names: readonly string[], named: readonly Named[], from: (module: string) => string): string {
  const modules = [...new Set(named.filter(({ name }) => names.includes(name)).map(({ module }) => module))];
  return modules.map((module) => `import type { ${named.filter((one) => one.module === module && names.includes(one.name)).map(({ name }) => name).join(", ")} } from "${from(module)}";\n`).join("");
}

const fileOf = (module: string): string => `./${module}.ts`;

function moduleText(module: string, named: readonly Named[], printer: TypePrinter): string {
  const own = named.filter((one) => one.module === module);
  const types = own.map(({ name, schema }) => `${comment(schema["description"])}export type ${name} = ${printer.type(schema, true)};\n`).join("\n");
  const names = printer.take().filter((name) => !own.some((one) => one.name === name));
  const imports = importLines(names, named, fileOf);
  return `${HEAD}${imports}${imports === "" ? "" : "\n"}${types}`;
}

function methodText({ name, summary, shape, params, request, reply }: Operation, printer: TypePrinter): string {
  const events = shape.reply === "events";
  const type = printer.type(reply);
  const given = [
    ...(params.length === 0 ? [] : [`params: { ${params.map((param) => `readonly ${param}: string`).join("; ")} }`]),
    ...(request === null ? [] : [`body: ${printer.type(request)}`]),
    ...(shape.body === "stream" ? ["stream: Body"] : []),
  ];
  const passed = [...(params.length === 0 ? [] : ["params"]), ...(request === null ? [] : ["body"]), ...(shape.body === "stream" ? ["stream"] : []), "...options"].join(", ");
  const result = events ? `Events<${type}>` : `Promise<${type}>`;
  return `${comment(`${summary}. \`${shape.method} ${shape.path}\``, "  ")}  ${name}(${[...given, "options: Options = {}"].join(", ")}): ${result} {\n    return this.${events ? "listen" : "ask"}(ROUTES.${name}, { ${passed} });\n  }\n`;
}

function routesText(operations: readonly Operation[]): string {
  const rows = operations.map(({ name, shape }) => `  ${name}: ${JSON.stringify(shape)},\n`).join("");
  return `${HEAD}/** Sent with every request and reply; another one is \`api.version\`. */\nexport const API_VERSION = ${JSON.stringify(API_VERSION)};\nexport const API_VERSION_HEADER = ${JSON.stringify(API_VERSION_HEADER)};\n/** Carries a capability token, which begins so. */\nexport const CAPABILITY_HEADER = ${JSON.stringify(CAPABILITY_HEADER)};\nexport const CAPABILITY_PREFIX = ${JSON.stringify(CAPABILITY_PREFIX)};\n\nexport interface Route {\n  readonly method: string;\n  readonly path: string;\n  readonly body: "none" | "json" | "stream";\n  readonly reply: "json" | "events" | "text";\n  /** Done twice it does something else than done once. */\n  readonly once?: true;\n  /** Its body may hold fractions. */\n  readonly fractions?: true;\n}\n\nexport const ROUTES = {\n${rows}} as const satisfies Record<string, Route>;\n`;
}

function methodsText(operations: readonly Operation[], named: readonly Named[], printer: TypePrinter): string {
  const methods = operations.map((operation) => methodText(operation, printer)).join("");
  return `${HEAD}import type { Body, Events, Input, Options } from "../request.ts";\nimport { ROUTES, type Route } from "./routes.ts";\n${importLines(printer.take(), named, fileOf)}
/** Every route as a method. Each throws \`MaestroError\`. */
export abstract class Methods {
  protected abstract ask<R>(route: Route, input: Input): Promise<R>;
  protected abstract listen<E extends { readonly event: string }>(route: Route, input: Input): Events<E>;

${methods}}\n`;
}

function errorsText(): string {
  const rows = Object.entries(ERRORS).map(([code, { sentence, retry }]) => `  ${JSON.stringify(code)}: { retry: ${retry}, sentence: ${JSON.stringify(sentence)} },\n`).join("");
  return `${HEAD}/** Every failure the daemon or this client reports: whether the same request may succeed later, and what to do. */\nexport const ERRORS = {\n${rows}} as const satisfies Record<string, { readonly retry: boolean; readonly sentence: string }>;\n\nexport type ErrorCode = keyof typeof ERRORS;\n`;
}

/** Files of `src/contract/` by name. */
export function typescriptFiles(operations: readonly Operation[], names: Names): Record<string, string> {
  const named = names.reached(operations);
  const printer = new TypePrinter(names);
  const modules = [...new Set(named.map(({ module }) => module))];
  const types = Object.fromEntries(modules.map((module) => [`${module}.ts`, moduleText(module, named, printer)]));
  const index = modules.map((module) => `export type * from "${fileOf(module)}";\n`).join("");
  return { ...types, "error-table.ts": errorsText(), "methods.ts": methodsText(operations, named, printer), "routes.ts": routesText(operations), "types.ts": `${HEAD}${index}` };
}
