/**
 * The quality-sql plugin: a SQL check that names a column which the contract does not have fails at night, in production.
 *
 * Deliberately absent: judgement; see `judge.ts`.
 */

import { plugin } from "meshgate-sdk";
import { judge, type Settings } from "./judge";

export const { describe, validateSettings, evaluate } = plugin<Settings>({
  id: "quality-sql",
  version: "0.1.0",
  rules: [
    {
      id: "quality.sql_unknown_column",
      severity: "error",
      title: "Quality check uses a column that the table does not have",
      description: "The check fails where it runs, after the deployment: an alarm that says nothing about the data.",
      remedy: "Name a column of the contract, or add the column to it.",
    },
    {
      id: "quality.sql_reads_other_table",
      severity: "warning",
      title: "Quality check reads a table that the contract does not describe",
      description: "A check that looks elsewhere says nothing about the data that the contract promises.",
      remedy: "Read the table of the contract by its name, its physical name, or the placeholder of your checks.",
    },
    {
      id: "quality.sql_changes_data",
      severity: "error",
      title: "Quality check is no query",
      description: "Checks are run by machines, again and again, with the rights of a reader at best.",
      remedy: "Write a SELECT.",
    },
  ],
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    additionalProperties: false,
    properties: {
      extraColumns: {
        type: "array",
        items: { type: "string" },
        description: "Columns that the platform adds to every table.",
      },
    },
  },
  validateSettings(settings) {
    const extra = settings.extraColumns;
    const texts = extra === undefined || (Array.isArray(extra) && extra.every((name) => typeof name === "string"));
    return texts ? undefined : "`extraColumns` is not a list of texts";
  },
  evaluate: judge,
});
