/**
 * {{name}}: finds descriptions that somebody meant to write later.
 *
 * Change the rule, its judgement and its examples to your own.
 */

import { columns, plugin } from "meshgate-sdk";

interface Settings {
  words?: string[];
}

export const { describe, validateSettings, evaluate } = plugin<Settings>({
  id: "{{name}}",
  version: "0.1.0",
  rules: [
    {
      id: "{{rule}}",
      severity: "warning",
      title: "Description is a placeholder",
      description: "Whoever finds the data has nothing but its description to go by.",
      remedy: "Say what the column holds, in a sentence.",
    },
  ],
  settingsSchema: {
    type: "object",
    additionalProperties: false,
    properties: { words: { type: "array", items: { type: "string" } } },
  },
  capabilities: [{{capabilities}}],

  *evaluate(input, settings) {
    // Capabilities are modules of the host: import { read } from "meshgate:plugin/files@0.1.0" (see sdk/meshgate.d.ts), and
    // text(read("words", "list.txt")). A test puts its own in their place: globalThis.meshgate = { files: { read } }.
    for (const column of columns(input)) {
      const text = (column.description ?? "").trim().toLowerCase();
      const word = (settings.words ?? ["todo", "tbd"]).find((word) => text.startsWith(word));
      if (word !== undefined) {
        yield {
          rule: "{{rule}}",
          pointer: `${column.pointer}/description`,
          message: `column \`${column.name ?? "?"}\` is described as \`${word}\``,
          label: "describe it",
        };
      }
    }
  },
});
