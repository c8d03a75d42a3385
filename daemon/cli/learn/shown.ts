/** `maestro learn status` and `maestro learn episodes`: what decides, and what was decided. */
import { type Episode, EVERY_ROUTER, type SplitFilter } from "../../../proto/episode.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { LearningReply } from "../../../proto/learning.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type Values } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { timeOf } from "./time.ts";

const DIGEST_CHARACTERS = 12;
/** A screen or two; more is what --json and export are for. */
const EPISODES_SHOWN_MAX = 100;
const SPLITS: readonly string[] = ["search", "safety", "all"] satisfies SplitFilter[];

function routerLines({ id, baseline, policy, problem, fallback, answered: { chosen, explored, forced } }: LearningReply["routers"][number]): string[] {
  const decides = fallback !== null ? `baseline ${baseline} alone: ${fallback}` : policy === null ? `baseline ${baseline}` : `policy ${policy.slice(0, DIGEST_CHARACTERS)}, baseline ${baseline}`;
  return [`${id}: ${decides}; ${chosen} chosen, ${explored} explored, ${forced} forced since the start`, ...(problem === null ? [] : [`  its policy does not decide: ${problem}`])];
}

export async function status(values: Values): Promise<number> {
  const reply = await connect(values).client.learning();
  if (values["json"] === true) printJson(reply);
  else {
    const lines = reply.routers.flatMap(routerLines);
    const episodes = reply.episodes === null ? [] : [`${reply.episodes.kept} episodes, ${reply.episodes.open} of them open`];
    print([...(lines.length === 0 ? ["no router is configured; docs/learning.md"] : lines), ...episodes].map((line) => escapeTerminal(line)).join("\n"));
  }
  return EXIT.admit;
}

function episodeLine({ id, router, at_ms, executed, propensity, forced, outcome, split }: Episode): string {
  const end = outcome === null ? "open" : outcome.reward === null ? (outcome.censored ? "censored" : "no reward") : `reward ${outcome.reward}`;
  return `${new Date(at_ms).toISOString()} ${id} ${router} ${executed} ${forced === null ? `at ${propensity.toPrecision(3)}` : `forced: ${forced}`} ${split} ${end}`;
}

const noneText = (router: string, split: string, from_ms: number): string =>
  `no episodes of ${router === EVERY_ROUTER ? "any router" : escapeTerminal(router)}${split === "all" ? "" : ` in the ${split} half`} since ${new Date(from_ms).toISOString()} (--from TIME${split === "all" ? "" : ", --split all"})`;

/** Milliseconds since 1970; the default is the last hour. */
const since = (values: Values, now_ms: number): number => timeOf(values, "from") ?? Math.max(0, now_ms - 3_600_000);

export async function episodes(router: string = EVERY_ROUTER, values: Values, now_ms: number): Promise<number> {
  const split = textOf(values, "split") ?? "search";
  if (!SPLITS.includes(split)) throw new MaestroError("cli.usage", `--split takes search, safety or all, not ${JSON.stringify(split)}`);
  const from_ms = since(values, now_ms);
  const { client } = connect(values);
  const found: Episode[] = [];
  for (let after: string | null = String(from_ms); after !== null && found.length <= EPISODES_SHOWN_MAX; ) {
    const page = await client.episodes(router, split as SplitFilter, after);
    found.push(...page.episodes);
    after = page.next;
  }
  const shown = found.slice(0, EPISODES_SHOWN_MAX);
  const more = found.length > shown.length;
  if (values["json"] === true) printJson({ episodes: shown, more });
  else {
    print(shown.length === 0 ? noneText(router, split, from_ms) : shown.map((one) => escapeTerminal(episodeLine(one))).join("\n"));
    if (more) note(`the first ${EPISODES_SHOWN_MAX}; maestro learn export has all of them`);
  }
  return EXIT.admit;
}
