// The WASM side: the contract's exports over `mg_plugin`, its imports as plain functions.
//
// Deliberately absent: anything a plugin's author has to know.
#include "generated/everything.h"
#include "meshgate.h"

#include <stdlib.h>
#include <string.h>

// What the bindings give back with `free` when the host has read it.
static void *handed(size_t bytes) {
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory) mg_panic("out of memory");
  return memory;
}

static everything_string_t text(const char *of) {
  everything_string_t made;
  everything_string_dup(&made, of ? of : "");
  return made;
}

static everything_option_string_t optional(const char *of) {
  everything_option_string_t made = {.is_some = of != NULL};
  if (of) made.val = text(of);
  return made;
}

static everything_list_string_t list(const char *one) {
  everything_list_string_t made = {NULL, 0};
  if (one) {
    made.ptr = handed(sizeof *made.ptr);
    made.len = 1;
    *made.ptr = text(one);
  }
  return made;
}

void exports_everything_describe(everything_description_t *ret) {
  const mg_plugin_t *of = &mg_plugin;
  ret->id = text(of->id);
  ret->version = text(of->version);
  ret->settings_schema = optional(of->settings_schema);
  ret->rules.len = of->rule_count;
  ret->rules.ptr = handed(of->rule_count * sizeof *ret->rules.ptr);
  for (size_t i = 0; i < of->rule_count; i++) {
    const mg_rule *rule = &of->rules[i];
    ret->rules.ptr[i] = (meshgate_plugin_types_rule_t){
        .id = text(rule->id),
        .title = text(rule->title),
        .description = text(rule->description),
        .severity = (meshgate_plugin_types_severity_t)rule->severity,
        .remedy = optional(rule->remedy),
        .related = list(rule->related),
        .applies_to = list(rule->applies_to),
    };
  }
  size_t count = 0;
  while (of->capabilities && of->capabilities[count]) count++;
  ret->capabilities.len = count;
  ret->capabilities.ptr = handed(count * sizeof *ret->capabilities.ptr);
  for (size_t i = 0; i < count; i++) ret->capabilities.ptr[i] = text(of->capabilities[i]);
}

static const mg_json *read(const everything_string_t *from) { return mg_parse((const char *)from->ptr, from->len); }

bool exports_everything_validate_settings(everything_string_t *settings, everything_string_t *err) {
  const mg_json *given = read(settings);
  const char *problem = NULL;
  if (!given) problem = "the settings are no JSON";
  else if (mg_plugin.validate_settings) problem = mg_plugin.validate_settings(given);
  else if (given->kind == MG_OBJECT && given->first) problem = mg_format("unknown setting `%s`; there is none", given->first->key);
  if (problem) *err = text(problem);
  return !problem;
}

bool exports_everything_evaluate(everything_string_t *input, everything_string_t *settings, everything_list_finding_t *ret,
                                 everything_string_t *err) {
  const mg_json *given = read(input), *set = read(settings);
  const char *problem = given && set ? mg_plugin.evaluate(given, set) : "the input cannot be read: no JSON, or nested too deep";
  if (problem) {
    *err = text(problem);
    return false;
  }
  size_t count;
  const mg_finding *found = mg_take_findings(&count);
  ret->len = count;
  ret->ptr = handed(count * sizeof *ret->ptr);
  for (size_t i = 0; i < count; i++) {
    ret->ptr[i] = (meshgate_plugin_types_finding_t){
        .rule = text(found[i].rule),
        .pointer = text(found[i].pointer),
        .message = text(found[i].message),
        .label = optional(found[i].label),
    };
  }
  return true;
}

static everything_string_t lent(const char *of) {
  return (everything_string_t){(uint8_t *)of, strlen(of)};
}

void mg_log(mg_level level, const char *message) {
  everything_string_t said = lent(message);
  meshgate_plugin_host_log((meshgate_plugin_host_level_t)level, &said);
}

mg_file_error mg_read_file(const char *folder, const char *path, const char **bytes, size_t *length) {
  everything_string_t in = lent(folder), at = lent(path);
  everything_list_u8_t content;
  meshgate_plugin_files_error_t error;
  if (!meshgate_plugin_files_read(&in, &at, &content, &error)) return (mg_file_error)(MG_FILE_NOT_FOUND + error.tag);
  char *copied = mg_allocate(content.len + 1);
  memcpy(copied, content.ptr, content.len);
  copied[content.len] = 0;
  *bytes = copied;
  *length = content.len;
  return MG_FILE_OK;
}

const mg_json *mg_read_data(const char *path) {
  everything_string_t at = lent(path), content;
  return meshgate_plugin_data_read(&at, &content) ? read(&content) : NULL;
}

uint64_t mg_now(void) { return meshgate_plugin_clock_now(); }

void mg_random(void *bytes, uint32_t length) {
  everything_list_u8_t made;
  meshgate_plugin_random_bytes(length, &made);
  memcpy(bytes, made.ptr, made.len);
}
