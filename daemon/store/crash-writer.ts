/** Child of `crash.test.ts`: writes linked pairs without end and prints the number of each once it is durable. */
import { Type } from "@sinclair/typebox";
import { Closed } from "../../proto/scalar.ts";
import { openStore } from "./db.ts";

export const Half = Closed({ n: Type.Integer(), pad: Type.String() });
export const limits = { value_bytes_max: 2048, blob_bytes_max: 1 << 20, commit_deadline_ms: 2000, free_bytes_min: 128 * 1024 };

if (import.meta.main) {
  const [state_dir = "", first = "0", count = "1000000", free_bytes_min = limits.free_bytes_min] = process.argv.slice(2);
  const store = openStore({ state_dir, limits: { ...limits, free_bytes_min: Number(free_bytes_min) }, fatal: () => process.exit(70) });
  const left = store.table<number, typeof Half>("left", Half);
  const right = store.table<number, typeof Half>("right", Half);
  for (let n = Number(first); n < Number(first) + Number(count); n++) {
    store.atomic(() => {
      left.put(n, { n, pad: "l".repeat((n * 37) % 1500) });
      right.put(n, { n, pad: "r".repeat((n * 53) % 1500) });
    });
    await store.durable();
    process.stdout.write(`${n}\n`);
  }
  await store.close();
}
