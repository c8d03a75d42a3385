/** What could not be shown, in a list that stays until it is dismissed: a file that is silently missing would be worse than one that is broken. */
import { elementOf, foreign, h } from "../page/element.ts";
import { CARDS_LIMITS } from "./limits.ts";

export class Told {
  private problems: string[] = [];
  private more = 0;

  /** Dismissed, it hands the focus on to `next`. */
  constructor(next: () => void) {
    elementOf("told-close").addEventListener("click", () => {
      this.clear();
      next();
    });
  }

  tell(problems: readonly string[]): void {
    if (problems.length === 0) return;
    for (const problem of problems) {
      if (this.problems.includes(problem)) continue;
      if (this.problems.length < CARDS_LIMITS.problems_max) this.problems.push(problem);
      else this.more++;
    }
    this.draw();
  }

  clear(): void {
    this.problems = [];
    this.more = 0;
    this.draw();
  }

  private draw(): void {
    elementOf("told").hidden = this.problems.length === 0;
    elementOf("told-list").replaceChildren(...this.problems.map((problem) => h("li", {}, foreign(problem))));
    elementOf("told-more").hidden = this.more === 0;
    elementOf("told-more").textContent = this.more === 0 ? "" : `And ${this.more.toLocaleString("en")} more.`;
  }
}
