import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPage } from "./build.ts";
import { contentPolicy } from "./page/document.ts";

const PROJECT = join(import.meta.dir, "../..");
/** More than this is a framework, or a library that nobody meant to bring. */
const PAGE_BYTES_MAX = 450 * 1024;

let bytes: Uint8Array;
let html: string;
const scriptOf = (page: string): string => /<script>([^]*)<\/script>/.exec(page)?.[1] ?? "";
const styleOf = (page: string): string => /<style>([^]*)<\/style>/.exec(page)?.[1] ?? "";

const folder = mkdtempSync(join(tmpdir(), "maestro-page-test-"));
beforeAll(async () => {
  bytes = await buildPage("verifier");
  html = new TextDecoder().decode(bytes);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the built page", () => {
  test("is the same bytes twice, and when the source stands elsewhere", () => {
    for (const name of ["daemon/ui", "daemon/verifier", "proto", "kernels"]) cpSync(join(PROJECT, name), join(folder, name), { recursive: true });
    cpSync(join(PROJECT, "package.json"), join(folder, "package.json"));
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
    const out = join(folder, "page.html");
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, join(folder, "daemon/ui/build.ts"), "--page", "verifier", "--out", out], { cwd: join(folder, "elsewhere"), stderr: "pipe" });
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
    expect(readFileSync(out).equals(bytes)).toBe(true);
  });

  test("is one file of a stated size that loads nothing and names no place of this machine", () => {
    expect(bytes.length).toBeLessThan(PAGE_BYTES_MAX);
    const around = html.replace(scriptOf(html), "").replace(styleOf(html), "");
    expect(around).not.toMatch(/\s(?:src|href|action|style|on\w+)=|<(?:link|img|iframe|object|embed|base|form\s[^>]*action)/i);
    expect(styleOf(html)).not.toMatch(/url\(|@import/i);
    expect(html).not.toContain(PROJECT);
    expect(html).toContain("data:application/wasm;base64,AGFzbQ");
  });

  test("its policy allows nothing but this very script and style, WebAssembly and the worker", () => {
    const sha256 = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? "";
    expect(policy).toBe(contentPolicy(scriptOf(html), styleOf(html)));
    expect(policy).toContain(`script-src ${sha256(scriptOf(html))} 'wasm-unsafe-eval'; style-src ${sha256(styleOf(html))};`);
    expect(policy).toStartWith("default-src 'none';");
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|data:|\*/);
    // One that is served may speak with who served it, and that is all it may more.
    expect(contentPolicy("s", "t", "self").replace(" connect-src 'self';", "")).toBe(contentPolicy("s", "t"));
    expect(policy).not.toContain("connect-src");
  });
});

/** What the network and the browser's own memory are reached by, and the only files that may. */
const REACHING: readonly (readonly [words: RegExp, may: RegExp])[] = [
  [/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|indexedDB|document\.cookie/, /^$/],
  [/\bfetch\(/, /^page\/live\.ts$/],
  [/localStorage|sessionStorage/, /^(?:page\/live|page\/keeping|cards\/\w+|studio\/\w+)\.ts$/],
];

test("attack: nothing of the pages' source can turn text into markup, or reach the network but through the one file that speaks with who served it", () => {
  const files = readdirSync(import.meta.dir, { recursive: true, encoding: "utf8" }).filter((name) => /^(?:page|verifier|cards|studio)\/.*(?<!\.test)\.ts$/.test(name));
  const bad = files.flatMap((name) => REACHING.filter(([words, may]) => !may.test(name) && words.test(readFileSync(join(import.meta.dir, name), "utf8"))).map(([words]) => `${name}: ${words.source}`));
  expect(files.length).toBeGreaterThan(10);
  expect(bad).toEqual([]);
});
