// Tests without WebAssembly: `./build --test`.
#include "meshgate.h"

#include <stdio.h>
#include <string.h>

static size_t said(const char *description) {
  const char *text = mg_format("{\"contracts\":[{\"schema\":[{\"columns\":[{\"name\":\"a\",\"description\":\"%s\",\"pointer\":\"/a\"}]}]}]}", description);
  size_t count;
  mg_plugin.evaluate(mg_parse(text, strlen(text)), mg_parse("{}", 2));
  mg_take_findings(&count);
  return count;
}

int main(void) {
  bool passed = said("TODO later") == 1 && said("The number of the order.") == 0;
  puts(passed ? "all passed" : "FAIL placeholders");
  return !passed;
}
