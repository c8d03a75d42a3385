import { describe, expect, test } from "bun:test";
import { classify } from "./classify.ts";

describe("classes of a path", () => {
  test.each(["test/a.ts", "src/a.test.ts", "a.spec.tsx", "a_test.go", "tests/test_a.py", "pkg/test_a.py", "conftest.py", "__tests__/a.js", "src/test/java/ATest.java", "UserTests.cs", "spec/a_spec.rb", "a.test-d.ts", "e2e/a.ts", "cypress/a.cy.ts"])("%s is a test", (path) => {
    expect(classify(path).test).toBe(true);
  });

  test.each(["src/testing-library.ts", "src/latest.ts", "contest/a.ts", "src/attest.go", "inspect/a.ts", "src/Latest.java", "protest.py"])("%s is none", (path) => {
    expect(classify(path).test).toBe(false);
  });

  test.each(["test/fixtures/a.key", "src/__fixtures__/a.json", "testdata/a", "a/__snapshots__/b.snap", "__mocks__/fs.js"])("%s is a fixture", (path) => {
    expect(classify(path).fixture).toBe(true);
  });

  test.each([".github/workflows/ci.yml", ".github/actions/setup/action.yml", ".gitlab-ci.yml", "Jenkinsfile", "ci/Jenkinsfile.nightly", ".circleci/config.yml", ".buildkite/pipeline.yml", "azure-pipelines.yml", ".travis.yml", ".GitHub/Workflows/ci.yml", ".ci/run.sh"])("%s is CI", (path) => {
    expect(classify(path).ci).toBe(true);
  });

  test.each([".github/ISSUE_TEMPLATE.md", "docs/.github/workflows/a.yml", "src/ci.ts", "circleci/a.yml", ".github/dependabot.yml"])("%s is not", (path) => {
    expect(classify(path).ci).toBe(false);
  });

  test.each(["src/a.ts", "main.go", "lib/a.py", "src/lang/parser.rs", "src/license.ts", "app/style.css", "src/distance.ts", "src/generator.ts"])("%s is source", (path) => {
    expect(classify(path).source).toBe(true);
  });

  test.each(["eslint.config.js", ".eslintrc.js", "a.json", "a.yml", "dist/a.js", "a.min.js", "vendor/a.go", "a.pb.go", "a_pb2.py", "i18n/de.ts", "README.md", "docs/a.js", "yarn.lock", "LICENSE", "src/a.svg"])("%s is not", (path) => {
    expect(classify(path).source).toBe(false);
  });
});
