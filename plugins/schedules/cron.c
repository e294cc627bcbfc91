// Cron expressions and durations.
//
// Deliberately absent: the extensions of Quartz (`L`, `W`, `#`), which are taken for what they are and not worked out.
#include "cron.h"

#include "meshgate.h"

#include <stdlib.h>
#include <string.h>

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

static bool same(const char *a, size_t length, const char *b) {
  if (strlen(b) != length) return false;
  for (size_t i = 0; i < length; i++) {
    if (lower(a[i]) != b[i]) return false;
  }
  return true;
}

static const char *const MONTHS[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const DAYS[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

typedef struct {
  const char *name;
  int low, high;
  const char *const *names;
  int names_count, names_from;
} field;

static const field SECOND = {"second", 0, 59, NULL, 0, 0};
static const field MINUTE = {"minute", 0, 59, NULL, 0, 0};
static const field HOUR = {"hour", 0, 23, NULL, 0, 0};
static const field DAY = {"day of the month", 1, 31, NULL, 0, 0};
static const field MONTH = {"month", 1, 12, MONTHS, 12, 1};
static const field WEEKDAY = {"day of the week", 0, 7, DAYS, 7, 0};
static const field YEAR = {"year", 1970, 2199, NULL, 0, 0};

// Reads one number or name; -1 when there is none.
static int number(const char **at, const field *of) {
  const char *start = *at;
  if (digit(**at)) {
    int value = 0;
    while (digit(**at) && value < 100000) value = value * 10 + (*(*at)++ - '0');
    return value;
  }
  while (letter(**at)) (*at)++;
  for (int i = 0; i < of->names_count; i++) {
    if (same(start, (size_t)(*at - start), of->names[i])) return i + of->names_from;
  }
  *at = start;
  return -1;
}

// Reads `*`, `5`, `1-5`, `*/15`, `10-50/10`, `mon,wed` into bits; says what is wrong.
static const char *bits(const char *text, size_t length, const field *of, uint64_t *into) {
  char *copied = mg_allocate(length + 1);
  memcpy(copied, text, length);
  copied[length] = 0;
  const char *at = copied;
  *into = 0;
  for (;;) {
    int from, to, every = 1;
    bool range = true;
    if (*at == '*' || *at == '?') {
      at++;
      from = of->low;
      to = of->high;
    } else {
      from = number(&at, of);
      if (from < 0) return mg_format("the field `%s` (%s) is neither a number nor `*`", copied, of->name);
      to = from;
      range = *at == '-';
      if (range) {
        at++;
        to = number(&at, of);
        if (to < 0) return mg_format("the range in `%s` (%s) has no end", copied, of->name);
      }
    }
    if (from < of->low || from > of->high || to < of->low || to > of->high) {
      return mg_format("the field `%s` is no %s: that is %d to %d", copied, of->name, of->low, of->high);
    }
    if (*at == '/') {
      at++;
      every = digit(*at) ? number(&at, of) : 0;
      if (every <= 0) return mg_format("the step in `%s` (%s) is not at least 1", copied, of->name);
      if (!range) to = of->high;
    }
    if (from > to && of->names != DAYS) return mg_format("the range in `%s` (%s) runs backwards", copied, of->name);
    // `fri-mon` goes over the end of the week.
    int end = from > to ? to + 7 : to;
    for (int value = from; value <= end; value += every) {
      if (of->high < 64) *into |= 1ULL << (of->names == DAYS ? value % 7 : value);
      else *into = 1;
    }
    if (!*at) return NULL;
    if (*at != ',') return mg_format("the field `%s` (%s) has `%c`, which means nothing there", copied, of->name, *at);
    at++;
  }
}

const char *cron_parse(const char *text, cron_schedule *schedule) {
  static const char *const NAMED[][2] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
                                         {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
                                         {"@hourly", "0 * * * *"}};
  while (*text == ' ') text++;
  if (*text == '@') {
    for (size_t i = 0; i < sizeof NAMED / sizeof *NAMED; i++) {
      if (same(text, strlen(text), NAMED[i][0])) return cron_parse(NAMED[i][1], schedule);
    }
    return mg_format("`%s` is no schedule; there are @hourly, @daily, @weekly, @monthly and @yearly", text);
  }
  const char *starts[8];
  size_t lengths[8];
  int count = 0;
  for (const char *at = text; *at;) {
    while (*at == ' ' || *at == '\t') at++;
    const char *start = at;
    while (*at && *at != ' ' && *at != '\t') at++;
    if (at == start) break;
    if (count == 8) break;
    starts[count] = start;
    lengths[count++] = (size_t)(at - start);
  }
  if (count < 5 || count > 7) {
    return mg_format("it has %d field%s, and should have 5: minute, hour, day of the month, month, day of the week", count,
                     count == 1 ? "" : "s");
  }
  // `L`, `15W`, `5#2` are Quartz's; what they mean depends on the calendar, and here they stand for any day.
  uint64_t read[7] = {0};
  const field *all[7] = {&SECOND, &MINUTE, &HOUR, &DAY, &MONTH, &WEEKDAY, &YEAR};
  int skip = count == 5 ? 1 : 0;
  bool any[7] = {false};
  for (int i = 0; i < count; i++) {
    const field *of = all[i + skip];
    bool quartz = count > 5 && (of == &DAY || of == &WEEKDAY) && (strpbrk(starts[i], "LW#") && strpbrk(starts[i], "LW#") < starts[i] + lengths[i]);
    const char *problem = quartz ? NULL : bits(starts[i], lengths[i], of, &read[i + skip]);
    if (problem) return problem;
    any[i + skip] = quartz || *starts[i] == '*' || *starts[i] == '?';
    if (quartz) read[i + skip] = ~0ULL;
  }
  *schedule = (cron_schedule){read[1], (uint32_t)read[2], (uint32_t)read[3], (uint16_t)read[4], (uint8_t)read[5], any[3], any[5]};
  return NULL;
}

static int month_days(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

uint32_t cron_longest_gap(const cron_schedule *of) {
  // Runs within a day are the same on every day that it runs at all.
  uint32_t first = 0, last = 0, within = 0;
  bool some = false;
  for (uint32_t minute = 0; minute < 24 * 60; minute++) {
    if (!(of->hours >> minute / 60 & 1) || !(of->minutes >> minute % 60 & 1)) continue;
    if (!some) first = minute;
    else if (minute - last > within) within = minute - last;
    last = minute;
    some = true;
  }
  if (!some) return 0;
  uint32_t gap = 0, runs = 0, day_number = 0, run_day = 0;
  // 2024-01-01 is a Monday; four years see a leap day.
  int weekday = 1;
  for (int year = 2024; year < 2028; year++) {
    for (int month = 1; month <= 12; month++) {
      for (int day = 1; day <= month_days(year, month); day++, day_number++, weekday = (weekday + 1) % 7) {
        bool by_day = of->days >> day & 1, by_weekday = of->weekdays >> weekday & 1;
        // As cron has it: when both are given, either will do.
        bool runs_today = of->any_day || of->any_weekday ? by_day && by_weekday : by_day || by_weekday;
        if (!runs_today || !(of->months >> month & 1)) continue;
        if (runs++) {
          uint32_t between = (day_number - run_day) * 24 * 60 - last + first;
          if (between > gap) gap = between;
        }
        run_day = day_number;
      }
    }
  }
  if (runs == 0) return 0;
  // Once in four years: the next run is beyond what was looked at.
  if (runs == 1) return 4 * 365 * 24 * 60;
  return gap > within ? gap : within;
}

double unit_minutes(const char *unit) {
  static const struct {
    const char *names;
    double minutes;
  } UNITS[] = {
      {" ms msec millisecond milliseconds ", 1.0 / 60000}, {" s sec second seconds ", 1.0 / 60},
      {" m min minute minutes ", 1},                       {" h hr hour hours ", 60},
      {" d day days ", 24 * 60},                           {" w wk week weeks ", 7 * 24 * 60},
      {" mo mon month months ", 30 * 24 * 60},             {" q quarter quarters ", 91 * 24 * 60},
      {" y yr year years ", 365 * 24 * 60},
  };
  size_t length = strlen(unit);
  if (length == 0 || length > 14) return -1;
  char wanted[20] = " ";
  for (size_t i = 0; i < length; i++) {
    if (!letter(unit[i])) return -1;
    wanted[i + 1] = lower(unit[i]);
  }
  wanted[length + 1] = ' ';
  for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
    if (strstr(UNITS[i].names, wanted)) return UNITS[i].minutes;
  }
  return -1;
}

// ISO 8601: P[nY][nM][nW][nD][T[nH][nM][nS]], at least one part, in this order.
static double iso(const char *at) {
  static const char DATE[] = "YMWD", TIME[] = "HMS";
  static const double DATE_MINUTES[] = {365 * 24 * 60, 30 * 24 * 60, 7 * 24 * 60, 24 * 60}, TIME_MINUTES[] = {60, 1, 1.0 / 60};
  const char *units = DATE;
  const double *minutes = DATE_MINUTES;
  double total = 0;
  bool some = false;
  while (*at) {
    if (*at == 'T' && units != TIME && minutes != TIME_MINUTES && at[1]) {
      units = TIME;
      minutes = TIME_MINUTES;
      at++;
      continue;
    }
    if (!digit(*at)) return -1;
    char *end = NULL;
    double value = strtod(at, &end);
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (!unit) return -1;
    minutes += unit - units;
    total += value * *minutes;
    units = unit + 1;
    minutes++;
    some = true;
    at = end + 1;
    // `T` may still come after the last part of a date.
    if (minutes > TIME_MINUTES && minutes <= TIME_MINUTES + 3 && !*units && *at) return -1;
  }
  return some ? total : -1;
}

double duration_minutes(const char *text) {
  while (*text == ' ') text++;
  if (*text == 'P') return iso(text + 1);
  if (!digit(*text)) return -1;
  char *end = NULL;
  double value = strtod(text, &end);
  while (*end == ' ') end++;
  double unit = unit_minutes(end);
  return unit < 0 ? -1 : value * unit;
}

const char *duration_text(uint32_t minutes) {
  uint32_t days = minutes / (24 * 60), hours = minutes / 60 % 24, rest = minutes % 60;
  if (days > 0 && minutes % (24 * 60) == 0) return mg_format("%d day%s", (int)days, days == 1 ? "" : "s");
  if (days > 0) return mg_format("%d d %d h", (int)days, (int)hours);
  if (rest == 0) return mg_format("%d h", (int)hours);
  return hours > 0 ? mg_format("%d h %d min", (int)hours, (int)rest) : mg_format("%d min", (int)rest);
}
