import { describe, expect, test } from "bun:test";
import { renderMarkdown } from "./markdown.ts";
import { admitted, card, hostileCard, PROOF, REASONS, TIMINGS } from "./testing/card.ts";
import { activeCharacters, commandLines, HOSTILE } from "./testing/hostile.ts";
import { render } from "./testing/rendered.ts";

const OWN = new Set(["h3", "ul", "li", "p", "strong", "code"]);

test("a hold, as it stands in a job summary", () => {
  expect(renderMarkdown(card(), PROOF, TIMINGS)).toBe(`### HOLD \`colinhacks/zod\` \`92f47984b\` \`chore: fail on stacked line comments\`

- agent \`Claude Opus 5\` (claimed, by trailer), author \`Colin McDonnell\`
- 63 files +425 -438, base \`436b5da87\` of \`main\`, policy \`default@1\`, mode local
- \`2 rules hold it: ci.changed, guard.self-edit\`
- 2 checks with findings: \`ci\` \`guards\`
- 5 checks passed: \`paths\` \`secrets\` \`size\` \`tests\` \`text\`
- 1 check not applicable: \`dependencies\`

**Reasons**

- **hold** \`ci.changed\` at \`.github/workflows/test.yml:57\`
  - \`CI configuration changed by an agent: .github/workflows/test.yml runs other commands\`
  - \`+ - run: pnpm check:comments\`
- **hold** \`guard.self-edit\` at \`AGENTS.md:20,36,39 (+1 file)\`
  - \`rules that guard this repository changed by an agent: AGENTS.md tells agents what to do\`

**Next**

- \`move these files into a change of their own (minutes, ci.changed)\`
- \`ask a person who is not the author to look at it (a person, ci.changed)\`

**Evidence**

- cost: agent usage not reported; gate 1.10 s: facts 0.20 checks 0.70 policy 0.02 evidence 0.18
- proof: log 4182 of \`demo.maestro.invalid\`, bundle \`6c1e9a0f00000000\`, self-made trust: proves integrity, not authority
- from: \`commit 92f47984b, manifest cccccccc; maestro lineage aaaaaaaaaa\`
- \`findings are not compared with those already at the base\`
`);
});

test("unavailable stands before what passed, with its reason", () => {
  const text = renderMarkdown(admitted({ checks: [...admitted().checks, { check: "secrets", result: "unavailable", required: false, because: "killed", findings: 0 }] }));
  expect(text.indexOf("- **unavailable** `secrets`: `killed`")).toBeGreaterThan(0);
  expect(text.indexOf("**unavailable**")).toBeLessThan(text.indexOf("passed"));
});

test("an observing rule says what it would have done", () => {
  expect(renderMarkdown(admitted({ reasons: [{ ...REASONS[0]!, observed: true }] }))).toContain("- **would hold** `ci.changed`");
});

describe("a hostile commit subject, name, file name, diff and reason", () => {
  test.each(HOSTILE)("%s", async (_attack, text) => {
    const shown = renderMarkdown(hostileCard(text), PROOF, TIMINGS);
    expect(activeCharacters(shown)).toEqual([]);
    expect(commandLines(shown)).toEqual([]);
    const { tags, outside } = await render(shown);
    expect(tags.filter((tag) => !OWN.has(tag))).toEqual([]);
    expect(outside).not.toMatch(/@|#|::|:\/\/|www\.|<|>|\[|\]|!|\\|`/);
    expect(outside).toContain("HOLD");
    expect(tags.filter((tag) => tag === "h3")).toHaveLength(1);
  });

  test("its structure is that of a harmless card", async () => {
    const shape = async (text: string) => (await render(renderMarkdown(hostileCard(text)))).tags.join(",");
    const harmless = await shape("plain");
    for (const [attack, text] of HOSTILE) {
      if (/\r?\n/.test(text)) continue; // An excerpt of several lines is several items.
      expect([attack, await shape(text)]).toEqual([attack, harmless]);
    }
  });
});
