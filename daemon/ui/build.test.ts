import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPage } from "./build.ts";
import { contentPolicy } from "./page/document.ts";

const PROJECT = join(import.meta.dir, "../..");
/** More than this is a framework, or a library that nobody meant to bring. */
const PAGE_BYTES_MAX = { verifier: 450 * 1024, cards: 700 * 1024, studio: 700 * 1024 } as const;

const scriptOf = (page: string): string => /<script>([^]*)<\/script>/.exec(page)?.[1] ?? "";
const styleOf = (page: string): string => /<style>([^]*)<\/style>/.exec(page)?.[1] ?? "";
const policyOf = (page: string): string => /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
const sha256 = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const folder = mkdtempSync(join(tmpdir(), "maestro-page-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the verifier page is the same bytes twice, and when the source stands elsewhere", async () => {
  for (const name of ["daemon/ui", "daemon/verifier", "daemon/invariants", "proto", "kernels", "invariants"]) cpSync(join(PROJECT, name), join(folder, name), { recursive: true });
  cpSync(join(PROJECT, "package.json"), join(folder, "package.json"));
  mkdirSync(join(folder, "elsewhere"));
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  const out = join(folder, "page.html");
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, join(folder, "daemon/ui/build.ts"), "--page", "verifier", "--out", out], { cwd: join(folder, "elsewhere"), stderr: "pipe" });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  expect(readFileSync(out).equals(await buildPage("verifier"))).toBe(true);
});

for (const name of ["verifier", "cards", "studio"] as const) {
  describe(`the built page ${name}`, () => {
    let bytes: Uint8Array;
    let html: string;
    beforeAll(async () => {
      bytes = await buildPage(name);
      html = new TextDecoder().decode(bytes);
    });

    test("is one file of a stated size that loads nothing and names no place of this machine", () => {
      expect(bytes.length).toBeLessThan(PAGE_BYTES_MAX[name]);
      const around = html.replace(scriptOf(html), "").replace(styleOf(html), "");
      expect(around).not.toMatch(/\s(?:src|href|action|style|on\w+)=|<(?:link|img|iframe|object|embed|base|form\s[^>]*action)/i);
      expect(styleOf(html)).not.toMatch(/url\(|@import/i);
      expect(html).not.toContain(PROJECT);
      if (name !== "studio") expect(html).toContain("data:application/wasm;base64,AGFzbQ");
    });

    test("its policy allows nothing but this very script and style, WebAssembly and the worker", () => {
      const policy = policyOf(html);
      expect(policy).toBe(contentPolicy(scriptOf(html), styleOf(html)));
      expect(policy).toContain(`script-src ${sha256(scriptOf(html))} 'wasm-unsafe-eval'; style-src ${sha256(styleOf(html))};`);
      expect(policy).toStartWith("default-src 'none';");
      expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|connect-src|https?:|data:|\*/);
    });

    test("served, it may speak with who served it, and that is all it may more", async () => {
      const served = new TextDecoder().decode(await buildPage(name, "self"));
      expect(policyOf(served).replace(" connect-src 'self';", "")).toBe(policyOf(html));
      expect(policyOf(served)).not.toBe(policyOf(html));
      expect([scriptOf(served), styleOf(served)]).toEqual([scriptOf(html), styleOf(html)]);
    });
  });
}

/** What the network and the browser's own memory are reached by, and the only files that may. */
const REACHING: readonly (readonly [words: RegExp, may: RegExp])[] = [
  [/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|indexedDB|document\.cookie/, /^$/],
  [/\bfetch\(/, /^page\/live\.ts$/],
  [/localStorage|sessionStorage/, /^(?:page\/live|page\/keeping|cards\/(?:\w+\/)?\w+|studio\/(?:\w+\/)?\w+)\.ts$/],
];

test("attack: nothing of the pages' source can turn text into markup, or reach the network but through the one file that speaks with who served it", () => {
  const files = readdirSync(import.meta.dir, { recursive: true, encoding: "utf8" }).filter((name) => /^(?:page|verifier|cards|studio)\/.*(?<!\.test)\.ts$/.test(name));
  const bad = files.flatMap((name) => REACHING.filter(([words, may]) => !may.test(name) && words.test(readFileSync(join(import.meta.dir, name), "utf8"))).map(([words]) => `${name}: ${words.source}`));
  expect(files.length).toBeGreaterThan(10);
  expect(bad).toEqual([]);
});
