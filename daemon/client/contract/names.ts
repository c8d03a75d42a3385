/** Gives schemas the names they have in `proto/`, so that both packages speak of a `Card` and not of forty fields. */
import { join } from "node:path";
import { isSchema, type Operation, type Schema } from "./operations.ts";

export interface Named {
  readonly name: string;
  /** File of `proto/` without its ending. */
  readonly module: string;
  readonly schema: Schema;
}

const PROTO = join(import.meta.dir, "../../../proto");

/** A description says what a field is for; the type is the same without. */
export const keyOf = (schema: Schema): string => JSON.stringify(Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "description" && key !== "$id")));

/** Only what has a shape is worth a name: a pattern of a string is nothing that a type could say. */
const hasShape = (schema: Schema): boolean => isSchema(schema["properties"]) || Array.isArray(schema["anyOf"]);

async function allNamed(): Promise<Named[]> {
  const files = [...new Bun.Glob("*.ts").scanSync(PROTO)].filter((file) => !file.endsWith(".test.ts")).sort();
  const modules = await Promise.all(files.map(async (file) => ({ module: file.replace(/\.ts$/, ""), exports: (await import(join(PROTO, file))) as Readonly<Record<string, unknown>> })));
  return modules.flatMap(({ module, exports }) =>
    Object.entries(exports).flatMap(([name, value]) => {
      if (!/^[A-Z][A-Za-z]+$/.test(name) || !isSchema(value)) return [];
      const schema = JSON.parse(JSON.stringify(value)) as Schema;
      return hasShape(schema) ? [{ name, module, schema }] : [];
    }),
  );
}

export class Names {
  private readonly byKey = new Map<string, Named>();

  private constructor(all: readonly Named[]) {
    // Equal shapes have one name: the first one by module and name.
    for (const named of all) if (!this.byKey.has(keyOf(named.schema))) this.byKey.set(keyOf(named.schema), named);
  }

  static async read(): Promise<Names> {
    return new Names(await allNamed());
  }

  of(schema: Schema): Named | null {
    return this.byKey.get(keyOf(schema)) ?? null;
  }

  /** Every name that the operations need, each once. Throws `RangeError` where two shapes share one. */
  reached(operations: readonly Operation[]): Named[] {
    const found = new Map<string, Named>();
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) return value.forEach(visit);
      if (!isSchema(value)) return;
      const named = this.of(value);
      const before = named === null ? undefined : found.get(named.name);
      if (named !== null && before !== undefined && before !== named) throw new RangeError(`proto has two shapes called ${named.name}: ${before.module} and ${named.module}`);
      if (named !== null && before === undefined) found.set(named.name, named);
      Object.values(value).forEach(visit);
    };
    for (const { request, reply } of operations) visit([request, reply]);
    return [...found.values()].sort((a, b) => (a.module + a.name < b.module + b.name ? -1 : 1));
  }
}
