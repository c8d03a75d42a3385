import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";

/**
 * A schema's check, compiled when it is first asked for. The daemon has some eighty, most of which its first request
 * does not need; compiled at the start they cost a restart about as much as opening the store.
 */
export function lazyCheck<T extends TSchema>(schema: T): () => TypeCheck<T> {
  let compiled: TypeCheck<T> | undefined;
  return () => (compiled ??= TypeCompiler.Compile(schema));
}
