import type { Card } from "../../../../proto/card.ts";
import { cutLines } from "../summary.ts";

/** Private daemons are made anew with each runner and have a log of their own each time; to a repository they are one install. */
const PRIVATE_ORIGIN = /\.local\.maestro\.internal$/;
const DIGEST_CHARACTERS = 24;

export interface Install {
  /** Origin of the node's log. */
  readonly origin: string;
  /** Host and repository, as the code host calls them. */
  readonly repository: string;
  /** Tells several gates of one install and repository apart; empty by default. */
  readonly name: string;
}

/** Unique for each install, repository and name, so that two installs do not overwrite each other's comment. */
export function markerOf({ origin, repository, name }: Install): string {
  const install = PRIVATE_ORIGIN.test(origin) ? "private" : origin;
  const digest = Bun.SHA256.hash(JSON.stringify(["maestro/comment/v1", install, repository, name]), "hex");
  return `<!-- maestro:card ${digest.slice(0, DIGEST_CHARACTERS)} -->`;
}

/** An admit asks nothing of anybody. */
export const isClean = ({ verdict }: Pick<Card, "verdict">): boolean => verdict === "admit";

export const bodyOf = (marker: string, markdown: string, characters_max: number): string => `${marker}\n${cutLines(markdown, characters_max - marker.length - 1)}`;
