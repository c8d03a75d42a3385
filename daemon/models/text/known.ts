/** Chat templates that many models share, for files that hold none of their own. */
import type { ModelTemplate } from "../../../proto/model-store.ts";

/** The last line's end is written as a value: Jinja takes one off the end of a template. */
export const KNOWN_TEMPLATES: Readonly<Record<Exclude<ModelTemplate, "none" | "file">, string>> = {
  chatml: "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant{{ '\n' }}",
  // It knows no system message: that stands at the head of the user's first.
  gemma: `{{ bos_token }}{% for message in messages %}{% if message.role == "system" %}{{ raise_exception("no system message") }}{% endif %}<start_of_turn>{{ "model" if message.role == "assistant" else "user" }}\n{{ message.content | trim }}<end_of_turn>\n{% endfor %}<start_of_turn>model{{ "\n" }}`,
};
