/** Which models are offered to whom: those of the operator's configuration, under one space of names. */
import { MaestroError } from "../../../proto/errors.ts";
import type { LocalModel, ModelsSetting, RemoteModel } from "../../../proto/models-config.ts";
import type { Payer } from "./promise.ts";

export type Offered = { readonly path: "local"; readonly name: string; readonly entry: LocalModel } | { readonly path: "remote"; readonly name: string; readonly entry: RemoteModel } | { readonly path: "embedding"; readonly name: string };

const mayUse = ({ tenants }: { readonly tenants?: readonly string[] }, { tenant }: Pick<Payer, "tenant">): boolean => tenant === null || tenants === undefined || tenants.includes(tenant);

/** Every model of the configuration, in its order. */
function all(setting: ModelsSetting | null): Offered[] {
  const { text = [], remote = [], embedding } = setting ?? {};
  return [
    ...text.map((entry) => ({ path: "local", name: entry.name, entry }) as const),
    ...(embedding === undefined ? [] : [{ path: "embedding", name: embedding } as const]),
    ...remote.map((entry) => ({ path: "remote", name: entry.id, entry }) as const),
  ];
}

/** What one payer may ask. */
export const offeredTo = (setting: ModelsSetting | null, payer: Pick<Payer, "tenant">): Offered[] => all(setting).filter((one) => one.path === "embedding" || mayUse(one.entry, payer));

/** Throws `models.unknown`, which names only what this payer may ask, and `models.denied`. */
export function offered<P extends Offered["path"]>(setting: ModelsSetting | null, payer: Pick<Payer, "tenant">, name: string, paths: readonly P[]): Extract<Offered, { path: P }> {
  const fits = (one: Offered): one is Extract<Offered, { path: P }> => paths.some((path) => path === one.path);
  const mine = offeredTo(setting, payer).filter(fits);
  const found = mine.find((one) => one.name === name);
  if (found !== undefined) return found;
  if (all(setting).some((one) => fits(one) && one.name === name)) throw new MaestroError("models.denied", `${name}: this tenant is not among the tenants of that model's entry`);
  const [what, where] = paths.some((path) => path === "embedding") ? ["embeds", "models.embedding names one"] : ["writes text", "models.text and models.remote name such"];
  throw new MaestroError("models.unknown", mine.length === 0 ? `no model that ${what} is configured; ${where} in the host configuration, which counts from the next start` : `no model of that name ${what} here; there is: ${mine.map((one) => one.name).join(", ")}`);
}
