// {{name}}: finds descriptions that somebody meant to write later.
//
// Change the rule, its judgement and its examples to your own.
#include "meshgate.h"

#include <string.h>

static const char RULE[] = "{{rule}}";

static const mg_rule RULES[] = {
    {RULE, MG_WARNING, "Description is a placeholder", "Whoever finds the data has nothing but its description to go by.",
     "Say what the column holds, in a sentence.", NULL, NULL},
};

static bool starts_with(const char *text, const char *word) {
  while (*text == ' ') text++;
  for (; *word; word++, text++) {
    char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text;
    if (c != *word) return false;
  }
  return true;
}

static void judge(const mg_json *columns, const mg_json *words) {
  MG_EACH(column, columns) {
    const char *text = mg_text(mg_get(column, "description")), *name = mg_text(mg_get(column, "name"));
    const char *pointer = mg_text(mg_get(column, "pointer"));
    MG_EACH(word, words) {
      if (text && pointer && mg_text(word) && starts_with(text, word->text)) {
        const char *message = mg_format("column `%s` is described as `%s`", name ? name : "?", word->text);
        mg_find(RULE, mg_step(pointer, "description"), message, "describe it");
        break;
      }
    }
    judge(mg_get(column, "columns"), words);
  }
}

static const char *evaluate(const mg_json *input, const mg_json *settings) {
  // Capabilities are functions of the SDK: mg_read_file, mg_read_data, mg_now, mg_random.
  const mg_json *words = mg_get(settings, "words");
  if (!words) words = mg_parse("[\"todo\",\"tbd\"]", 14);
  MG_EACH(contract, mg_get(input, "contracts")) {
    MG_EACH(table, mg_get(contract, "schema")) judge(mg_get(table, "columns"), words);
  }
  return NULL;
}

static const char *validate_settings(const mg_json *settings) {
  MG_EACH(setting, settings) {
    if (strcmp(setting->key, "words") != 0) return mg_format("unknown setting `%s`; there is `words`", setting->key);
    if (setting->kind != MG_LIST) return "`words` is no list";
  }
  return NULL;
}

static const char *const CAPABILITIES[] = {{{capabilities_c}}NULL};

const mg_plugin_t mg_plugin = {
    .id = "{{name}}",
    .version = "0.1.0",
    .rules = RULES,
    .rule_count = sizeof RULES / sizeof *RULES,
    .settings_schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":"
                       "{\"words\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}",
    .capabilities = CAPABILITIES,
    .validate_settings = validate_settings,
    .evaluate = evaluate,
};
