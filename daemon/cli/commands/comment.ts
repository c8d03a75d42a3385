/** One comment on a pull or merge request, kept up to date by the job's own token. It never fails a job. */
import { existsSync } from "node:fs";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { renderMarkdown } from "../card/markdown.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { connect } from "../connect.ts";
import { printJson } from "../document.ts";
import { note } from "../output.ts";
import { ciChange, type CiChange } from "../outputs/ci/event.ts";
import { readEvent } from "../outputs/ci/read-event.ts";
import { CommentTrouble, REAL_CLOCK } from "../outputs/comment/api.ts";
import { fromBundle, fromGate, type CardSource } from "../outputs/comment/card-source.ts";
import { bodyOf, isClean, markerOf } from "../outputs/comment/marker.ts";
import { keepOne, type Done } from "../outputs/comment/sticky.ts";
import { whereOf } from "../outputs/comment/where.ts";
import { annotate, reportOf } from "../outputs/written.ts";

const NAME = /^[A-Za-z0-9._-]{0,64}$/;

type Outcome = Done | "no_request" | "fallback";

interface Subject {
  readonly change: CiChange;
  readonly source: CardSource;
}

/** Throws `cli.usage` outside a CI job: nobody says then what to comment on. */
function jobOf(values: Values): CiChange {
  const change = ciChange(process.env, readEvent);
  if (change === null) throw new MaestroError("cli.usage", "comment runs in a job of GitHub Actions or GitLab CI that is about a change");
  const asked = (["github", "gitlab"] as const).find((host) => values[host] === true);
  if (asked !== undefined && asked !== change.host) throw new MaestroError("cli.usage", `--${asked}, but this is a job of ${change.host}`);
  return change;
}

/** Without a name the newest gate of the job's commit, as the daemon has it. */
async function cardOf(values: Values, name: string | undefined, head: string): Promise<CardSource> {
  if (name === undefined || !existsSync(name)) return fromGate(connect(values).client, name ?? head);
  const trust = textOf(values, "trust");
  if (trust === undefined) throw new MaestroError("cli.usage", "a bundle file needs --trust FILE: what lies in a job's folder may be the change's own");
  return fromBundle(name, trust, head);
}

/** Null where the card could not be said there; why is then on stderr. */
async function said({ change, source }: Subject, name: string): Promise<Done | "no_request" | null> {
  const { request } = change;
  if (request === null) return "no_request";
  if (source.card.mode === "sealed") return quiet("mode sealed: nothing is sent");
  const where = whereOf(process.env, { ...change, request }, REAL_CLOCK);
  if (where === null) return quiet("this job has no token (GITHUB_TOKEN, GITLAB_TOKEN or CI_JOB_TOKEN)");
  const marker = markerOf({ origin: source.origin, repository: where.repository, name });
  const body = bodyOf(marker, renderMarkdown(source.card, source.proof, null, source.cost), where.host.body_characters_max);
  try {
    return await keepOne(where.host, marker, { clean: isClean(source.card), body }, where.head);
  } catch (error) {
    if (!(error instanceof CommentTrouble)) throw error;
    return quiet(error.message);
  }
}

function quiet(because: string): null {
  note(`maestro: no comment: ${escapeTerminal(because)}`);
  return null;
}

/** What could not be a comment stands in the job's summary and annotations, unless the gate of this job put it there. */
async function fallBack({ source }: Subject, values: Values): Promise<void> {
  if (process.env["GITHUB_ACTIONS"] !== "true") return;
  const { card, proof, timings, bundle_sha256 } = source;
  if (process.env["MAESTRO_ANNOTATED"] === bundle_sha256) return;
  const report = proof === null || timings === null ? { card, proof, timings, found: { findings: [], cut: 0 }, rules: [] } : await reportOf(connect(values).client, { card, proof, timings });
  annotate(report, process.env);
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const name = textOf(values, "name") ?? "";
  if (!NAME.test(name)) throw new MaestroError("cli.usage", "--name takes at most 64 letters, digits, dots, dashes and underscores");
  const change = jobOf(values);
  const subject = { change, source: await cardOf(values, positionals[0], change.head) };
  const done = await said(subject, name);
  if (done === null) await fallBack(subject, values);
  const outcome: Outcome = done ?? "fallback";
  if (values["json"] === true) printJson({ comment: outcome });
  else note(`maestro: comment: ${outcome}`);
  return EXIT.admit;
};
