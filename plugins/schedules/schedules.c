// The schedules plugin: a promise of service that no machine can read, that never runs, or that its own schedule breaks.
//
// Deliberately absent: promises in words; whether "near real time" holds is not for a checker of schedules.
#include "cron.h"
#include "meshgate.h"

#include <string.h>

static const mg_rule RULES[] = {
    {"sla.malformed_schedule", MG_ERROR, "Schedule means nothing, or never runs",
     "Schedulers refuse it, or take it and never run: the data is late from the first day on.",
     "Write five fields: minute, hour, day of the month, month, day of the week, as in `30 6 * * 1-5`.",
     "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/crontab.html", NULL},
    {"sla.malformed_duration", MG_WARNING, "Service level is no duration",
     "Monitors cannot hold the product to what they cannot read.",
     "Write an ISO 8601 duration (`PT24H`, `P1Y`), or a number with its unit (`24h`).",
     "https://www.rfc-editor.org/rfc/rfc3339#appendix-A", NULL},
    {"sla.slower_than_promised", MG_WARNING, "Schedule is slower than the freshness that is promised",
     "Between two runs the data is older than the contract allows, whatever the pipeline does.",
     "Run it more often, or promise what the schedule can keep.", NULL, NULL},
};

// Keys of service levels that hold a duration.
static const char *const DURATIONS[] = {"threshold", "period", "recoveryTime", "recoveryPoint", "responseTime"};
// Properties of ODCS whose value is one.
static const char *const PROPERTIES[] = {"latency", "freshness", "retention", "timeToDetect", "timeToNotify", "timeToRepair", "ly", "rt", "td", "tn", "tr"};

static bool among(const char *text, const char *const *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(text, list[i]) == 0) return true;
  }
  return false;
}
#define AMONG(text, list) among(text, list, sizeof list / sizeof *list)

static void schedule(const char *text, const char *pointer) {
  cron_schedule read;
  const char *problem = cron_parse(text, &read);
  if (problem) {
    mg_find("sla.malformed_schedule", pointer, mg_format("schedule `%s` cannot be read: %s", text, problem), "no schedule");
  } else if (cron_longest_gap(&read) == 0) {
    mg_find("sla.malformed_schedule", pointer, mg_format("schedule `%s` never runs: there is no such day", text), "never");
  }
}

static void duration(const mg_json *of, const char *pointer) {
  const char *text = mg_text(of);
  if (text && duration_minutes(text) < 0) {
    mg_find("sla.malformed_duration", pointer, mg_format("`%s` is no duration", text), "neither ISO 8601 nor a number with a unit");
  }
}

// Holds a schedule against a promise.
static void compare(const mg_json *cron, double promised, const char *promise, const char *pointer) {
  cron_schedule read;
  if (!mg_text(cron) || promised <= 0 || cron_parse(cron->text, &read)) return;
  uint32_t gap = cron_longest_gap(&read);
  if (gap > promised) {
    mg_find("sla.slower_than_promised", pointer,
            mg_format("freshness of %s is promised, and the schedule `%s` leaves up to %s between two runs", promise, cron->text,
                      duration_text(gap)),
            mg_format("the schedule leaves %s", duration_text(gap)));
  }
}

// Data Contract Specification: one map of service levels.
static void service_levels(const mg_json *levels, const char *pointer) {
  if (levels->kind != MG_OBJECT) return;
  MG_EACH(level, levels) {
    const char *at = mg_step(pointer, level->key);
    MG_EACH(member, level) {
      if (level->kind == MG_OBJECT && AMONG(member->key, DURATIONS)) duration(member, mg_step(at, member->key));
    }
  }
  const mg_json *threshold = mg_get(mg_get(levels, "freshness"), "threshold");
  if (mg_text(threshold)) {
    compare(mg_get(mg_get(levels, "frequency"), "cron"), duration_minutes(threshold->text), threshold->text,
            mg_step(mg_step(pointer, "freshness"), "threshold"));
  }
}

// ODCS: a list of properties, each with its value and unit.
static void properties(const mg_json *list, const char *pointer) {
  const mg_json *cron = NULL;
  MG_EACH(one, list) {
    if (mg_is(mg_get(one, "scheduler"), "cron")) cron = mg_get(one, "schedule");
  }
  size_t index = 0;
  MG_EACH(one, list) {
    const char *at = mg_step_index(pointer, index++), *property = mg_text(mg_get(one, "property"));
    const mg_json *value = mg_get(one, "value");
    const char *unit = mg_text(mg_get(one, "unit"));
    if (!property || !value) continue;
    if (AMONG(property, PROPERTIES) && !unit) duration(value, mg_step(at, "value"));
    if (unit && value->kind == MG_NUMBER && AMONG(property, PROPERTIES) && unit_minutes(unit) < 0) {
      mg_find("sla.malformed_duration", mg_step(at, "unit"), mg_format("`%s` is no unit of time", unit), "no unit of time");
    }
    if (strcmp(property, "freshness") == 0) {
      double promised = value->kind == MG_NUMBER && unit ? value->number * unit_minutes(unit) : mg_text(value) ? duration_minutes(value->text) : -1;
      const char *promise = mg_format("%s%s%s", value->text ? value->text : "", unit ? " " : "", unit ? unit : "");
      compare(cron, promised, promise, mg_step(at, "value"));
    }
  }
}

// Schedules may stand anywhere: at quality checks, at service levels.
static void walk(const mg_json *of, const char *pointer) {
  size_t index = 0;
  const mg_json *scheduler = mg_get(of, "scheduler");
  MG_EACH(member, of) {
    const char *at = of->kind == MG_OBJECT ? mg_step(pointer, member->key) : mg_step_index(pointer, index++);
    bool cron = of->kind == MG_OBJECT && mg_text(member) &&
                (strcmp(member->key, "cron") == 0 || (strcmp(member->key, "schedule") == 0 && mg_is(scheduler, "cron")));
    if (cron) schedule(member->text, at);
    if (of->kind == MG_OBJECT && strcmp(member->key, "servicelevels") == 0) service_levels(member, at);
    if (of->kind == MG_OBJECT && strcmp(member->key, "slaProperties") == 0) properties(member, at);
    if (member->kind == MG_OBJECT || member->kind == MG_LIST) walk(member, at);
  }
}

static const char *evaluate(const mg_json *input, const mg_json *settings) {
  (void)settings;
  const mg_json *raw = mg_get(input, "raw");
  if (!raw) return "the input has no document";
  walk(raw, "");
  return NULL;
}

const mg_plugin_t mg_plugin = {
    .id = "schedules",
    .version = "0.1.0",
    .rules = RULES,
    .rule_count = sizeof RULES / sizeof *RULES,
    .evaluate = evaluate,
};
