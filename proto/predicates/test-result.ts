import { Type, type Static } from "@sinclair/typebox";
import { STATEMENT_TYPE, Subject } from "../attestation.ts";
import { Choice, Closed, Sha256Hex, ShortText } from "../scalar.ts";
import { TEST_RESULT_PREDICATE } from "./derived.ts";

/** Names of tests in one statement, all lists together, and characters of one name: a log entry commits to a statement, and a page shows it. */
export const TEST_NAMES_MAX = 1_000;
export const TEST_NAME_CHARS_MAX = 300;

const Names = Type.Array(Type.String({ minLength: 1, maxLength: TEST_NAME_CHARS_MAX }), { maxItems: TEST_NAMES_MAX });

/** One run of one outside tool, or of the checks that are the node's own. What ran is named by the trusted configuration it was declared in. */
export const TestResultStatement = Closed({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Subject, { minItems: 1, maxItems: 8 }),
  predicateType: Type.Literal(TEST_RESULT_PREDICATE),
  predicate: Closed({
    result: Choice(["PASSED", "WARNED", "FAILED"]),
    configuration: Type.Tuple([
      Closed({
        name: ShortText,
        uri: ShortText,
        digest: Closed({ sha256: Sha256Hex }),
        annotations: Closed({
          /** RFC 6962 leaf hashes in the manifest, in the order of the leaves. */
          leaves: Type.Array(Sha256Hex, { minItems: 1, maxItems: 256 }),
          observer: ShortText,
          /** Names that found no room: a list that is cut says so. */
          names_cut: Type.Integer({ minimum: 0 }),
        }),
      }),
    ]),
    url: ShortText,
    passedTests: Names,
    warnedTests: Names,
    failedTests: Names,
  }),
});
export type TestResultStatement = Static<typeof TestResultStatement>;
