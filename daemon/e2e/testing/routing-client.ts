/** Routes and reports outcomes until its budget is spent; says each in a file once it was answered. Arguments: socket, file, seed; the token in TOKEN. */
import { appendFileSync } from "node:fs";

const [socket = "", out = "", seed = "1"] = Bun.argv.slice(2);
const TRIES_MAX = 2_000;
let dice = Number(seed) * 2_654_435_761;
const below = (n: number): number => ((dice = (dice * 1_103_515_245 + 12_345) % 2_147_483_648), Math.abs(Math.floor(dice / 65_536)) % n);
const say = (line: object): void => appendFileSync(out, `${JSON.stringify(line)}\n`);

async function post(path: string, body: object): Promise<{ readonly status: number; readonly reply: { readonly episode?: string } }> {
  const response = await fetch(`http://maestro${path}`, { unix: socket, method: "POST", headers: { "content-type": "application/json", "maestro-capability": process.env["TOKEN"] ?? "" }, body: JSON.stringify(body) });
  return { status: response.status, reply: (await response.json()) as { readonly episode?: string } };
}

for (let tries = 0; tries < TRIES_MAX; tries++) {
  try {
    const { status, reply } = await post("/v1/route", { router: "models", context: {} });
    if (status !== 200 || reply.episode === undefined) {
      say({ refused: status });
      if (status === 429) await Bun.sleep(20);
      // What else is said is the budget's end, or the daemon's.
      if (below(4) === 0) break;
      continue;
    }
    say({ routed: reply.episode });
    if (below(3) === 0) continue;
    const used = below(1_001);
    const outcome = await post(`/v1/episodes/${reply.episode}/outcome`, { reward: 1, usage: { usd_micro: used, gpu_us: used, cpu_us: used } });
    if (outcome.status === 200) say({ settled: reply.episode, used });
  } catch (error) {
    // The daemon was killed: what it had answered is in the file.
    say({ gone: error instanceof Error ? error.message : String(error) });
    break;
  }
}
