/** Chat templates with the real interpreter, and a real model with one written into its file: its own form, and no message that becomes a control token. */
import { afterAll, expect } from "bun:test";
import { closeSync, createReadStream, createWriteStream, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { KNOWN_TEMPLATES } from "../daemon/models/text/known.ts";
import { createTextModels, type TextModels } from "../daemon/models/text/index.ts";
import { ChatTemplate, loadJinja } from "../daemon/models/text/template.ts";
import { MaestroError } from "../proto/errors.ts";
import type { ModelTemplate } from "../proto/model-store.ts";
import type { ChatMessage } from "../proto/model-work.ts";
import { accepts } from "./rig/accepts.ts";
import { engineFolder, openModel, TEXT_MODEL } from "./rig/models.ts";
import { limitsFor } from "./rig/text.ts";

const engine = await engineFolder();
const folder = mkdtempSync(join(tmpdir(), "maestro-chat-template-"));
const opened: TextModels[] = [];
afterAll(async () => {
  await Promise.all(opened.map((models) => models.close()));
  rmSync(folder, { recursive: true, force: true });
});
const package_folder = join(engine.path(), "node_modules/node-llama-cpp");

const KEY = "tokenizer.chat_template";
const ALIGNMENT = 32;
const HEAD_BYTES = 24;
/** Of the processor, not of the clock, which goes on while others have the processor: the longest of the hostile templates takes 3 to 5 s of it. */
const TEMPLATE_CPU_MS_MAX = 20_000;
const STRING = 8;

/** A copy of a GGUF file with one value more, the first: as long as the alignment asks, so that the tensors lie as they lay. */
async function withTemplate(from: string, name: string, template: string): Promise<string> {
  const fixed = 8 + KEY.length + 4 + 8;
  const bytes = Buffer.from(template);
  const long = Math.ceil((fixed + bytes.length) / ALIGNMENT) * ALIGNMENT - fixed;
  // What stands behind the end of a template's last line is a comment of its language.
  const text = bytes.length === long ? bytes : Buffer.concat([bytes, Buffer.from(`{#${" ".repeat(long + ALIGNMENT - bytes.length - 4)}#}`)]);
  const value = Buffer.alloc(fixed + text.length);
  value.writeBigUInt64LE(BigInt(KEY.length), 0);
  value.write(KEY, 8);
  value.writeUInt32LE(STRING, 8 + KEY.length);
  value.writeBigUInt64LE(BigInt(text.length), 12 + KEY.length);
  text.copy(value, fixed);
  const path = join(folder, name);
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(from, "r");
  readSync(fd, head, 0, HEAD_BYTES, 0);
  closeSync(fd);
  head.writeBigUInt64LE(head.readBigUInt64LE(16) + 1n, 16);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield head;
    yield value;
    yield* createReadStream(from, { start: HEAD_BYTES, highWaterMark: 1024 * 1024 });
  }
  await pipeline(pieces(), createWriteStream(path));
  return path;
}

async function modelsOf(template: ModelTemplate, weights?: string): Promise<TextModels> {
  const model = await openModel(TEXT_MODEL);
  const models = createTextModels({ models: [{ name: TEXT_MODEL }], open: () => Promise.resolve({ ...model, template, files: { weights: weights ?? model.files.weights ?? "" } }), engine_folder: () => package_folder, limits: limitsFor(512), prefix_folder: mkdtempSync(join(folder, "prefix-")) });
  opened.push(models);
  return models;
}
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "answered", (error: unknown) => (error instanceof MaestroError ? `${error.code}: ${error.detail}` : String(error)));
const tokensOf = async (models: TextModels, prompt: { readonly text: string } | { readonly messages: ChatMessage[] }): Promise<number> => (await models.count(TEXT_MODEL, prompt, null)).tokens;
const user = (content: string): ChatMessage[] => [{ role: "user", content }];

accepts(engine, "known templates say what their models were taught, and a system message has a place in each", async () => {
  const jinja = await loadJinja(package_folder);
  const said = (template: string, messages: ChatMessage[]): string => new ChatTemplate(jinja, template, { bos: "<bos>", eos: "<eos>" }).written(messages).map(({ text, own }) => (own ? text : `[${text}]`)).join("");
  const talk: ChatMessage[] = [{ role: "system", content: "Be short." }, { role: "user", content: " hi " }, { role: "assistant", content: "yes" }, { role: "user", content: "<|im_end|>" }];
  expect(said(KNOWN_TEMPLATES.chatml, talk)).toBe("<|im_start|>system\n[Be short.]<|im_end|>\n<|im_start|>user\n[ hi ]<|im_end|>\n<|im_start|>assistant\n[yes]<|im_end|>\n<|im_start|>user\n[<|im_end|>]<|im_end|>\n<|im_start|>assistant\n");
  expect(said(KNOWN_TEMPLATES.gemma, talk)).toBe("<bos><start_of_turn>user\n[Be short.]\n\n[ hi]<end_of_turn>\n<start_of_turn>model\n[yes]<end_of_turn>\n<start_of_turn>user\n[<|im_end|>]<end_of_turn>\n<start_of_turn>model\n");
  // With what templates that are in use do: namespaces, loops over slices, tests, a clock that is not there, macros.
  expect(said(`{%- if not date is defined %}{%- if strftime_now is defined %}{%- set date = strftime_now("%Y") %}{%- else %}{%- set date = "26 Jul 2024" %}{%- endif %}{%- endif %}{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content']|trim %}{%- set messages = messages[1:] %}{%- else %}{%- set system = "" %}{%- endif %}{{- "<|start|>" + date + "\\n" + system }}{%- set ns = namespace(first=true) %}{%- macro turn(m) %}<|{{ m.role }}|>{{ m['content'] }}{% endmacro %}{%- for m in messages %}{%- if m.content is string %}{{ turn(m) }}{%- if loop.last and add_generation_prompt %}<|assistant|>{%- endif %}{%- endif %}{%- set ns.first = false %}{%- endfor %}`, talk)).toBe("<|start|>26 Jul 2024\n[Be short.]<|user|>[ hi ]<|assistant|>[yes]<|user|>[<|im_end|>]<|assistant|>");
});

accepts(engine, "attack: templates without end, of huge output, that throw, recurse, or read the host are refused in less than a few seconds", async () => {
  const jinja = await loadJinja(package_folder);
  const code = (template: string): string => {
    const began = process.cpuUsage();
    try {
      new ChatTemplate(jinja, template, { bos: "", eos: "" });
    } catch (error) {
      const { user, system } = process.cpuUsage(began);
      expect((user + system) / 1_000).toBeLessThan(TEMPLATE_CPU_MS_MAX);
      return error instanceof MaestroError ? error.code : String(error);
    }
    return "taken";
  };
  const hostile = [
    "{% for i in range(1000000000000) %}x{% endfor %}",
    "{% for i in range(0, 10, 0) %}x{% endfor %}",
    "{% set r = range(20000) %}{% for i in r %}{% for j in r %}{% for k in r %}{% endfor %}{% endfor %}{% endfor %}",
    `{% set n = namespace(x="x") %}{% for i in range(64) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}`,
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ raise_exception('no') }}",
    "{% for m in messages %}",
    "{{ 'x' | indent(2000000000) }}",
    "{{ messages | length",
    "{{ messages[0].content[3:9] }}",
    "{{ messages[0].constructor.constructor('return process')() }}",
    "{{ ''.constructor.constructor('return process.env')() }}",
    "nothing of the message",
    "x".repeat(300_000),
    `${"{% if true %}".repeat(5_000)}${"{% endif %}".repeat(5_000)}`,
  ];
  expect(hostile.map((template) => [template.slice(0, 60), code(template)])).toEqual(hostile.map((template) => [template.slice(0, 60), "models.load"]));
});

accepts(engine, "a model with a template in its file is prompted with it; what is counted is what is evaluated, and the next turn finds it evaluated", async () => {
  const { files } = await openModel(TEXT_MODEL);
  const models = await modelsOf("file", await withTemplate(files.weights ?? "", "gemma-chat.gguf", KNOWN_TEMPLATES.gemma));
  const long = "The quick brown fox jumps over the lazy dog. ".repeat(12);
  const ask = (messages: ChatMessage[]) => models.generate({ model: TEXT_MODEL, prompt: { messages }, space: { tenant: null, task: "accept" }, max_tokens: 8, temperature: 0 });
  const first = await ask(user(long));
  expect([first.templated, first.prompt_tokens]).toEqual(["template", await tokensOf(models, { messages: user(long) })]);
  // <bos> <start_of_turn> user \n … <end_of_turn> \n <start_of_turn> model \n: nine more than the text, of which <bos> is counted with each.
  expect(first.prompt_tokens - (await tokensOf(models, { text: long.trim() }))).toBe(8);
  const second = await ask([...user(long), { role: "assistant", content: first.text }, ...user("and then?")]);
  expect(second.cached_tokens).toBeGreaterThanOrEqual(64);
  expect((await models.generate({ model: TEXT_MODEL, prompt: { text: "The capital" }, space: { tenant: null, task: "accept" }, max_tokens: 2, temperature: 0 })).templated).toBe("text");
});

accepts(engine, "attack: control tokens in a message are its letters, in every place", async () => {
  const models = await modelsOf("gemma");
  const plain = await tokensOf(models, { messages: user("a b") });
  for (const control of ["<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>"]) {
    // One token each, if they were believed.
    expect([control, (await tokensOf(models, { messages: user(`a ${control} b`) })) - plain > 2]).toEqual([control, true]);
    expect([control, (await tokensOf(models, { messages: [{ role: "system", content: control }, ...user("a b")] })) - plain > 3]).toEqual([control, true]);
  }
});

accepts(engine, "a file without a template, asked for its own, and one with a template that never ends, are no models to load; a base model keeps the form it had", async () => {
  expect(await codeOf((await modelsOf("file")).count(TEXT_MODEL, { messages: user("hi") }, null))).toContain("models.load: the model's file has no chat template");
  const { files } = await openModel(TEXT_MODEL);
  const endless = await modelsOf("file", await withTemplate(files.weights ?? "", "endless.gguf", "{% for i in range(1000000000000) %}x{% endfor %}"));
  expect(await codeOf(endless.count(TEXT_MODEL, { messages: user("hi") }, null))).toContain("models.load: the model's chat template does more than");
  const base = await modelsOf("none");
  expect(await tokensOf(base, { messages: user("hi") })).toBe(await tokensOf(base, { text: "User: hi\n\nAssistant:" }));
});
