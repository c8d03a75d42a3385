/** What decides now for one router: its configuration, the policy in its file if it is one, and which constraints are violated under them. */
import type { Episode } from "../../../proto/episode.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import { readOperatorFile } from "../../platform/operator-file.ts";
import type { Decider } from "./decide.ts";
import { deciderDigest } from "./kept.ts";
import { POLICY_BYTES_MAX, type ReadPolicy, readPolicy } from "./policy.ts";
import type { Violation } from "./monitor.ts";
import { observe, type Violations, violationsOf, type Watches } from "./watched.ts";

function learnedOf(router: RouterEntry): { readonly policy: ReadPolicy | null; readonly problem: string | null } {
  const { policy_file: path, policy_digest: wanted } = router;
  if (path === undefined) return { policy: null, problem: null };
  const refused = (because: string) => ({ policy: null, problem: `${path} ${because}` });
  const file = readOperatorFile(path, POLICY_BYTES_MAX);
  if ("because" in file) return refused(file.because);
  const read = readPolicy(file.bytes, router);
  if ("problem" in read) return refused(`is no policy for ${router.id}: ${read.problem}`);
  return wanted === undefined || wanted === read.digest ? { policy: read, problem: null } : refused(`holds the policy ${read.digest}, and policy_digest names another`);
}

const EVERYBODY = "everybody";

export class Active implements Decider {
  readonly policy: ReadPolicy | null;
  /** Why the file that is named does not decide; then nothing learned does. */
  readonly problem: string | null;
  /** Of router and policy together. */
  readonly digest: string;
  /** Null where they have to be read again: a transaction that found more may have gone back. */
  private found: Violations | null = null;
  private readonly told = new Set<string>();

  constructor(
    readonly router: RouterEntry,
    private readonly watches: Watches,
    /** Hears once for whom there is the baseline alone from now on, and why. */
    private readonly fell: (violation: Violation, whose: string) => void,
  ) {
    const { policy, problem } = learnedOf(router);
    this.policy = policy;
    this.problem = problem;
    this.digest = deciderDigest({ router, policy });
  }

  get violations(): Violations {
    if (this.found === null) {
      this.found = violationsOf(this.router, this.watches, this.digest);
      const { everybody, spaces } = this.found;
      for (const [whose, violation] of everybody === null ? spaces : [[EVERYBODY, everybody] as const]) {
        if (!this.told.has(whose)) this.fell(violation, whose);
        this.told.add(whose);
      }
    }
    return this.found;
  }

  /** Inside the transaction that closes the episode. */
  closed(episode: Episode): void {
    if (observe(this.router, this.digest, this.watches, episode)) this.found = null;
  }
}
