// Tests of the schedules plugin and of the SDK beneath it, run natively: `plugins/build --test schedules`.
//
// Deliberately absent: WebAssembly; `examples/` are run in the component.
#include "../cron.h"
#include "meshgate.h"

#include <stdio.h>
#include <string.h>

static int failures;

#define CHECK(condition)                                               \
  do {                                                                 \
    if (!(condition)) {                                                \
      printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #condition);      \
      failures++;                                                      \
    }                                                                  \
  } while (0)

static uint32_t gap(const char *text) {
  cron_schedule read;
  const char *problem = cron_parse(text, &read);
  if (problem) printf("%s: %s\n", text, problem);
  return problem ? 1 : cron_longest_gap(&read);
}

static const char *problem(const char *text) {
  cron_schedule read;
  const char *said = cron_parse(text, &read);
  return said ? said : "";
}

static void said(const char *document, const char *expected) {
  const char *text = mg_format("{\"raw\":%s}", document);
  const mg_json *input = mg_parse(text, strlen(text));
  CHECK(input != NULL);
  CHECK(mg_plugin.evaluate(input, mg_parse("{}", 2)) == NULL);
  size_t count;
  const mg_finding *found = mg_take_findings(&count);
  const char *all = "";
  for (size_t i = 0; i < count; i++) all = mg_format("%s%s%s %s", all, i ? "; " : "", found[i].rule + 4, found[i].pointer);
  if (strcmp(all, expected) != 0) {
    printf("FAIL %s\n  says   %s\n  wanted %s\n", document, all, expected);
    failures++;
  }
}

static const mg_json *json(const char *text) { return mg_parse(text, strlen(text)); }

int main(void) {
  // Schedules.
  CHECK(gap("0 0 * * *") == 24 * 60);
  CHECK(gap("*/15 * * * *") == 15);
  CHECK(gap("0 9-17 * * *") == 16 * 60);
  CHECK(gap("0 6 * * 1-5") == 3 * 24 * 60);
  CHECK(gap("0 6 * * fri-mon") == 4 * 24 * 60);
  CHECK(gap("0 0 1 * *") == 31 * 24 * 60);
  CHECK(gap("0 0 29 2 *") == 4 * 365 * 24 * 60);
  CHECK(gap("0 0 13 * 5") == 7 * 24 * 60);
  CHECK(gap("@weekly") == 7 * 24 * 60);
  CHECK(gap("0 30 6 * * ?") == 24 * 60);
  CHECK(gap("0 0 12 ? * MON#2 2026") == 24 * 60);
  CHECK(gap("0 0 30 2 *") == 0);
  CHECK(gap("0 0 31 4,6,9,11 *") == 0);
  CHECK(strstr(problem("0 0 * *"), "4 fields"));
  CHECK(strstr(problem("60 0 * * *"), "0 to 59"));
  CHECK(strstr(problem("0 24 * * *"), "no hour"));
  CHECK(strstr(problem("0 0 * * mo"), "neither a number"));
  CHECK(strstr(problem("*/0 * * * *"), "at least 1"));
  CHECK(strstr(problem("30-10 * * * *"), "backwards"));
  CHECK(strstr(problem("0 0 * * 1;2"), "`;`"));
  CHECK(strstr(problem("@dayly"), "no schedule"));
  CHECK(strstr(problem(""), "0 fields"));
  CHECK(strstr(problem("1 2 3 4 5 6 7 8 9"), "8 fields"));
  // Durations.
  CHECK(duration_minutes("PT25H") == 25 * 60);
  CHECK(duration_minutes("P1DT12H30M") == 36 * 60 + 30);
  CHECK(duration_minutes("P1Y") == 365 * 24 * 60);
  CHECK(duration_minutes("P2W") == 14 * 24 * 60);
  CHECK(duration_minutes("25h") == 25 * 60);
  CHECK(duration_minutes("24 hours") == 24 * 60);
  CHECK(duration_minutes("1 week") == 7 * 24 * 60);
  CHECK(duration_minutes("0.5 d") == 12 * 60);
  CHECK(duration_minutes("500ms") > 0);
  const char *bad[] = {"P", "PT", "P1H", "PT1D", "P1", "1", "h", "P1YT", "soon", "24 ours", "P1M1Y", "PT1H1H", "", "P1D1D", "24 h 5"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (duration_minutes(bad[i]) >= 0) {
      printf("FAIL `%s` is taken for a duration\n", bad[i]);
      failures++;
    }
  }
  CHECK(strcmp(duration_text(90), "1 h 30 min") == 0);
  CHECK(strcmp(duration_text(3 * 24 * 60), "3 days") == 0);
  // Judgement.
  said("{\"servicelevels\":{\"freshness\":{\"threshold\":\"12h\"},\"frequency\":{\"cron\":\"0 0 * * *\"}}}",
       "slower_than_promised /servicelevels/freshness/threshold");
  said("{\"servicelevels\":{\"freshness\":{\"threshold\":\"25h\"},\"frequency\":{\"cron\":\"0 0 * * *\"}}}", "");
  said("{\"servicelevels\":{\"retention\":{\"period\":\"one year\"},\"frequency\":{\"cron\":\"0 0 * *\"}}}",
       "malformed_duration /servicelevels/retention/period; malformed_schedule /servicelevels/frequency/cron");
  said("{\"slaProperties\":[{\"property\":\"latency\",\"value\":4,\"unit\":\"days\"},{\"property\":\"freshness\",\"value\":4,\"unit\":\"parsecs\"}]}",
       "malformed_duration /slaProperties/1/unit");
  said("{\"slaProperties\":[{\"property\":\"freshness\",\"value\":1,\"unit\":\"h\",\"scheduler\":\"cron\",\"schedule\":\"0 */6 * * *\"}]}",
       "slower_than_promised /slaProperties/0/value");
  said("{\"a/b\":[{\"quality\":[{\"scheduler\":\"cron\",\"schedule\":\"x\"},{\"scheduler\":\"airflow\",\"schedule\":\"x\"}]}]}",
       "malformed_schedule /a~1b/0/quality/0/schedule");
  said("{\"slaProperties\":{\"a\":1},\"servicelevels\":[1,\"x\"],\"cron\":5}", "");
  // JSON.
  CHECK(strcmp(mg_text(json("\"a\\u00e9\\ud83d\\ude00\\n\"")), "a\xc3\xa9\xf0\x9f\x98\x80\n") == 0);
  CHECK(mg_get(json("{\"a\":{\"b\":[1,-2.5e1]}}"), "a")->first->first->next->number == -25);
  CHECK(json("[true,false,null,[],{}]")->length == 5);
  const char *broken[] = {"", "{", "[1,]", "{\"a\"}", "\"\\x\"", "\"\\ud800\"", "tru", "1 2", "\"", "\"\\", "[1", "--1", "{1:2}", "\"\\u12\"", "\"a\\u0000b\""};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    if (json(broken[i])) {
      printf("FAIL `%s` is taken for JSON\n", broken[i]);
      failures++;
    }
  }
  char deep[2000];
  memset(deep, '[', sizeof deep);
  CHECK(mg_parse(deep, sizeof deep) == NULL);
  CHECK(strcmp(mg_format("%s", "100%"), "100%") == 0);
  CHECK(strcmp(mg_format("%s %d %zu%c%%", "a", -12, (size_t)7, '!'), "a -12 7!%") == 0);
  printf(failures ? "%d failed\n" : "all passed\n", failures);
  return failures != 0;
}
