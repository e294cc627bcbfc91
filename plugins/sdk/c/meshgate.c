// The SDK's texts, JSON and findings, in plain C: tests link it natively.
//
// Deliberately absent: the contract's ABI, which is in guest.c, and stdio, which would bring WASI.
#include "meshgate.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 512

#ifndef __wasm__
#include <stdio.h>

void mg_log(mg_level level, const char *message) {
  static const char *const names[] = {"debug", "info", "warning", "error"};
  fprintf(stderr, "%s: %s\n", names[level], message);
}
#endif

_Noreturn void mg_panic(const char *message) {
  mg_log(MG_LOG_ERROR, message);
  __builtin_trap();
}

// Nothing is given back before the instance is, so blocks are cut from chunks, one behind the other.
#define CHUNK ((size_t)64 << 10)

void *mg_allocate(size_t bytes) {
  static char *chunk;
  static size_t left;
  if (bytes > SIZE_MAX - 16) mg_panic("out of memory");
  bytes = bytes ? (bytes + 15) & ~(size_t)15 : 16;
  if (bytes > CHUNK / 4) {
    void *own = malloc(bytes);
    if (!own) mg_panic("out of memory");
    return own;
  }
  if (bytes > left) {
    chunk = malloc(CHUNK);
    if (!chunk) mg_panic("out of memory");
    left = CHUNK;
  }
  void *block = chunk;
  chunk += bytes;
  left -= bytes;
  return block;
}

static char *copy(const char *text, size_t length) {
  char *copied = mg_allocate(length + 1);
  memcpy(copied, text, length);
  copied[length] = 0;
  return copied;
}

// ---- texts ----

static size_t digits(char *into, unsigned long long number) {
  char reversed[24];
  size_t length = 0;
  do reversed[length++] = (char)('0' + number % 10);
  while (number /= 10);
  for (size_t i = 0; i < length; i++) into[i] = reversed[length - 1 - i];
  return length;
}

// Writes when `into` is not NULL; returns the length.
static size_t put(char *into, const char *format, va_list arguments) {
  size_t length = 0;
  for (; *format; format++) {
    char small[24] = {0};
    const char *piece = small;
    size_t count = 1;
    small[0] = *format;
    if (*format == '%' && format[1]) {
      format++;
      if (*format == 's') {
        piece = va_arg(arguments, const char *);
        piece = piece ? piece : "(null)";
        count = strlen(piece);
      } else if (*format == 'c') {
        small[0] = (char)va_arg(arguments, int);
      } else if (*format == 'd') {
        long long number = va_arg(arguments, int);
        small[0] = '-';
        count = number < 0 ? 1 + digits(small + 1, (unsigned long long)-number) : digits(small, (unsigned long long)number);
      } else if (*format == 'z' && format[1] == 'u') {
        format++;
        count = digits(small, va_arg(arguments, size_t));
      } else {
        small[0] = '%';
      }
    }
    if (into) memcpy(into + length, piece, count);
    length += count;
  }
  return length;
}

const char *mg_format(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  size_t length = put(NULL, format, arguments);
  va_end(arguments);
  char *text = mg_allocate(length + 1);
  va_start(arguments, format);
  put(text, format, arguments);
  va_end(arguments);
  text[length] = 0;
  return text;
}

const char *mg_step(const char *pointer, const char *key) {
  size_t length = strlen(pointer);
  char *text = mg_allocate(length + 2 + 2 * strlen(key));
  memcpy(text, pointer, length);
  text[length++] = '/';
  for (; *key; key++) {
    if (*key == '~' || *key == '/') {
      text[length++] = '~';
      text[length++] = *key == '~' ? '0' : '1';
    } else {
      text[length++] = *key;
    }
  }
  text[length] = 0;
  return text;
}

const char *mg_step_index(const char *pointer, size_t index) { return mg_format("%s/%zu", pointer, index); }

// ---- JSON ----

typedef struct {
  const char *at, *end;
  int depth;
} reader;

static mg_json *value(reader *from);

static void blanks(reader *from) {
  while (from->at < from->end && (*from->at == ' ' || *from->at == '\n' || *from->at == '\t' || *from->at == '\r')) from->at++;
}

static bool take(reader *from, char c) {
  blanks(from);
  if (from->at >= from->end || *from->at != c) return false;
  from->at++;
  return true;
}

static int hex(const char *at) {
  int code = 0;
  for (int i = 0; i < 4; i++) {
    char c = at[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

static char *utf8(char *into, uint32_t code) {
  if (code < 0x80) {
    *into++ = (char)code;
  } else if (code < 0x800) {
    *into++ = (char)(0xc0 | code >> 6);
    *into++ = (char)(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *into++ = (char)(0xe0 | code >> 12);
    *into++ = (char)(0x80 | (code >> 6 & 0x3f));
    *into++ = (char)(0x80 | (code & 0x3f));
  } else {
    *into++ = (char)(0xf0 | code >> 18);
    *into++ = (char)(0x80 | (code >> 12 & 0x3f));
    *into++ = (char)(0x80 | (code >> 6 & 0x3f));
    *into++ = (char)(0x80 | (code & 0x3f));
  }
  return into;
}

// Reads what stands after an opening quote. A decoded text is never longer than what was written.
static char *string(reader *from, size_t *length) {
  const char *close = from->at;
  while (close < from->end && *close != '"') close += *close == '\\' ? 2 : 1;
  if (close >= from->end) return NULL;
  char *text = mg_allocate((size_t)(close - from->at) + 1), *to = text;
  while (from->at < close) {
    if (*from->at != '\\') {
      const char *plain = from->at;
      while (from->at < close && *from->at != '\\') from->at++;
      memcpy(to, plain, (size_t)(from->at - plain));
      to += from->at - plain;
      continue;
    }
    char c = from->at[1];
    from->at += 2;
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if (c == 'u') {
      if (close - from->at < 4) return NULL;
      int code = hex(from->at);
      if (code < 0) return NULL;
      from->at += 4;
      // A text ends with 0 here: one that holds it would be read as a shorter one.
      if (code == 0) return NULL;
      uint32_t whole = (uint32_t)code;
      if (code >= 0xd800 && code < 0xdc00) {
        int low = close - from->at >= 6 && from->at[0] == '\\' && from->at[1] == 'u' ? hex(from->at + 2) : -1;
        if (low < 0xdc00 || low > 0xdfff) return NULL;
        from->at += 6;
        whole = 0x10000 + ((uint32_t)(code - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
      } else if (code >= 0xdc00 && code < 0xe000) {
        return NULL;
      }
      to = utf8(to, whole);
    } else {
      const char *escape = escapes;
      while (*escape && *escape != c) escape += 2;
      if (!*escape) return NULL;
      *to++ = escape[1];
    }
  }
  from->at = close + 1;
  *to = 0;
  *length = (size_t)(to - text);
  return text;
}

static bool elements(reader *from, mg_json *holder, char close) {
  mg_json *last = NULL;
  if (take(from, close)) return true;
  do {
    const char *key = NULL;
    size_t length = 0;
    if (close == '}') {
      if (!take(from, '"') || !(key = string(from, &length)) || !take(from, ':')) return false;
    }
    mg_json *element = value(from);
    if (!element) return false;
    element->key = key;
    if (last) last->next = element;
    else holder->first = element;
    last = element;
    holder->length++;
  } while (take(from, ','));
  return take(from, close);
}

static bool word(reader *from, const char *text) {
  size_t length = strlen(text);
  if ((size_t)(from->end - from->at) < length || memcmp(from->at, text, length) != 0) return false;
  from->at += length;
  return true;
}

static mg_json *value(reader *from) {
  mg_json *read = mg_allocate(sizeof *read);
  memset(read, 0, sizeof *read);
  blanks(from);
  if (from->at >= from->end || from->depth >= DEPTH_MAX) return NULL;
  char c = *from->at;
  if (c == '{' || c == '[') {
    read->kind = c == '{' ? MG_OBJECT : MG_LIST;
    from->at++;
    from->depth++;
    if (!elements(from, read, c == '{' ? '}' : ']')) return NULL;
    from->depth--;
    return read;
  }
  if (c == '"') {
    read->kind = MG_TEXT;
    from->at++;
    read->text = string(from, &read->length);
    return read->text ? read : NULL;
  }
  if (word(from, "null")) return read;
  if (word(from, "true")) {
    read->kind = MG_BOOL;
    read->truth = true;
    return read;
  }
  if (word(from, "false")) {
    read->kind = MG_BOOL;
    return read;
  }
  const char *start = from->at;
  while (from->at < from->end && *from->at && strchr("+-.0123456789eE", *from->at)) from->at++;
  if (start == from->at) return NULL;
  read->kind = MG_NUMBER;
  read->length = (size_t)(from->at - start);
  read->text = copy(start, read->length);
  char *end = NULL;
  read->number = strtod(read->text, &end);
  return *end ? NULL : read;
}

const mg_json *mg_parse(const char *text, size_t length) {
  reader from = {text, text + length, 0};
  const mg_json *read = value(&from);
  blanks(&from);
  return from.at == from.end ? read : NULL;
}

const mg_json *mg_get(const mg_json *object, const char *key) {
  if (!object || object->kind != MG_OBJECT) return NULL;
  MG_EACH(member, object) {
    if (strcmp(member->key, key) == 0) return member;
  }
  return NULL;
}

const char *mg_text(const mg_json *of) { return of && of->kind == MG_TEXT ? of->text : NULL; }

bool mg_is(const mg_json *of, const char *text) { return mg_text(of) && strcmp(of->text, text) == 0; }

// ---- findings ----

static mg_finding *found;
static size_t found_count, found_room;

void mg_find(const char *rule, const char *pointer, const char *message, const char *label) {
  if (found_count == found_room) {
    found_room = found_room ? 2 * found_room : 16;
    mg_finding *more = mg_allocate(found_room * sizeof *more);
    if (found_count) memcpy(more, found, found_count * sizeof *more);
    found = more;
  }
  found[found_count++] = (mg_finding){rule, pointer, message, label};
}

const mg_finding *mg_take_findings(size_t *count) {
  const mg_finding *taken = found;
  *count = found_count;
  found = NULL;
  found_count = found_room = 0;
  return taken;
}
