// Cron expressions and durations: what they mean, and whether they mean anything.
//
// Deliberately absent: time zones; a schedule's gaps hardly depend on them.
#ifndef CRON_H
#define CRON_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t minutes;  // bit 0 to 59
  uint32_t hours;    // bit 0 to 23
  uint32_t days;     // bit 1 to 31
  uint16_t months;   // bit 1 to 12
  uint8_t weekdays;  // bit 0 (Sunday) to 6
  bool any_day, any_weekday;
} cron_schedule;

// Reads five fields, six with seconds before them, seven with years after them, or `@daily` and its like; says what is wrong.
// NULL when nothing is.
const char *cron_parse(const char *text, cron_schedule *schedule);
// The longest time between two runs, in minutes, over four years; 0 when it never runs.
uint32_t cron_longest_gap(const cron_schedule *schedule);

// Reads `PT25H`, `P1Y2M`, `25h`, `24 hours`, `1 week`, `500ms`; gives minutes, or less than 0 when it is no duration.
double duration_minutes(const char *text);
// Minutes of a unit, `h`, `hours`, `d`; less than 0 when it is none.
double unit_minutes(const char *unit);
// "2 days", "5 h 30 min": for people.
const char *duration_text(uint32_t minutes);

#endif
