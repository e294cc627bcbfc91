// Write Meshgate plugins in C.
//
// A plugin defines the one object `mg_plugin`: who it is, its rules, and the functions that judge. It reads the input with
// the mg_json functions and says what it finds with mg_find.
//
// Memory that these functions give out is never given back: an instance lives for one call, and its memory ends with it.
//
// Deliberately absent: WASI. There is no file, no clock, no environment but the capabilities below, and those only when the
// platform grants them; what a plugin does not call it does not import.
#ifndef MESHGATE_H
#define MESHGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- JSON ----

typedef enum { MG_NULL, MG_BOOL, MG_NUMBER, MG_TEXT, MG_LIST, MG_OBJECT } mg_kind;

typedef struct mg_json mg_json;
struct mg_json {
  mg_kind kind;
  bool truth;            // of MG_BOOL
  double number;         // of MG_NUMBER
  const char *text;      // of MG_TEXT, UTF-8, ends with 0; of MG_NUMBER as it is written
  size_t length;         // bytes of `text`; elements of MG_LIST and MG_OBJECT
  const char *key;       // of a member of an object
  const mg_json *first;  // of MG_LIST and MG_OBJECT: its elements, `next` by `next`
  const mg_json *next;
};

// Reads a JSON text; NULL when it is none, is nested deeper than 512, or has the character 0 in a text.
const mg_json *mg_parse(const char *text, size_t length);
// The member of an object; NULL when there is none, or no object. The first argument may be NULL.
const mg_json *mg_get(const mg_json *object, const char *key);
// The text of a value, or NULL when it is no text.
const char *mg_text(const mg_json *value);
// Is it this text?
bool mg_is(const mg_json *value, const char *text);

// Goes over the elements of a list or an object, which may be NULL.
#define MG_EACH(element, of) for (const mg_json *element = (of) ? (of)->first : NULL; element; element = element->next)

// ---- texts ----

// As printf, into memory of its own; %s %d %zu %c and %% are all it knows.
const char *mg_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The pointer of what stands under a key or an index.
const char *mg_step(const char *pointer, const char *key);
const char *mg_step_index(const char *pointer, size_t index);
// Memory that is given back with the instance. Never NULL: without memory the call ends.
void *mg_allocate(size_t bytes);

// ---- findings ----

typedef enum { MG_ERROR, MG_WARNING, MG_INFO } mg_severity;

typedef struct {
  const char *id;  // category.name_of_the_smell
  mg_severity severity;
  const char *title;
  const char *description;
  const char *remedy;     // may be NULL
  const char *related;    // an address to read more at; may be NULL
  const char *applies_to; // "data-product", "data-contract"; NULL means all
} mg_rule;

// A remark about one place; the label may be NULL.
void mg_find(const char *rule, const char *pointer, const char *message, const char *label);

typedef struct {
  const char *id;
  const char *version;
  const mg_rule *rules;
  size_t rule_count;
  const char *settings_schema;       // JSON Schema; may be NULL
  const char *const *capabilities;   // "files:NAME", "data:PATH", "clock", "random"; ends with NULL; may be NULL
  // What is wrong with the settings, or NULL. May be NULL itself: then any setting is an error.
  const char *(*validate_settings)(const mg_json *settings);
  // Judges one descriptor. What it returns is why it could not, or NULL.
  const char *(*evaluate)(const mg_json *input, const mg_json *settings);
} mg_plugin_t;

extern const mg_plugin_t mg_plugin;

// ---- the host ----

typedef enum { MG_LOG_DEBUG, MG_LOG_INFO, MG_LOG_WARNING, MG_LOG_ERROR } mg_level;

void mg_log(mg_level level, const char *message);
// Ends the call with a fault that says this.
_Noreturn void mg_panic(const char *message);

#ifdef __wasm__
typedef enum { MG_FILE_OK, MG_FILE_NOT_FOUND, MG_FILE_WRONG_KIND, MG_FILE_TOO_LARGE, MG_FILE_FAILED } mg_file_error;
// Capability files:NAME. A path that leads out of the folder ends the call with a fault.
mg_file_error mg_read_file(const char *folder, const char *path, const char **bytes, size_t *length);
// Capability data:PATH. NULL when there is nothing.
const mg_json *mg_read_data(const char *path);
// Capability clock: nanoseconds since 1970-01-01T00:00:00Z.
uint64_t mg_now(void);
// Capability random: at most 65,536 bytes.
void mg_random(void *bytes, uint32_t length);
#endif

// ---- for native tests ----

typedef struct {
  const char *rule, *pointer, *message, *label;
} mg_finding;

// What was found since the last call of this; the count goes into `count`.
const mg_finding *mg_take_findings(size_t *count);

#endif
