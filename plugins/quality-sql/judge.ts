/**
 * The judgement: every SQL check of a contract, held against the columns of the table that it stands at.
 *
 * Deliberately absent: checks in other languages (SodaCL, Great Expectations); their engines know their columns.
 */

import { nested, type Contract, type Finding, type Input, type Table } from "meshgate-sdk";
import { change, isQuery, reading, tokens } from "./sql";

export interface Settings {
  /** Columns that the platform adds to every table: `_ingested_at`. */
  extraColumns?: string[];
}

/** Judges one descriptor. */
export function* judge(input: Input, settings: Settings): Generator<Finding> {
  for (const contract of input.contracts) {
    for (const table of contract.schema ?? []) {
      yield* checks(contract, table, table, settings);
      for (const column of nested(table.columns)) yield* checks(contract, table, column, settings);
    }
  }
}

function* checks(
  contract: Contract,
  table: Table,
  holder: { quality?: Record<string, unknown>[]; pointer: string },
  settings: Settings,
): Generator<Finding> {
  for (const [index, check] of (holder.quality ?? []).entries()) {
    if (typeof check?.query === "string") {
      yield* query(contract, table, check.query, `${holder.pointer}/quality/${index}/query`, settings);
    }
  }
}

function* query(contract: Contract, table: Table, text: string, pointer: string, settings: Settings): Generator<Finding> {
  const all = tokens(text);
  if (all.length === 0) return;
  const changes = change(all);
  if (changes !== undefined || !isQuery(all)) {
    const what = changes ?? all[0]?.text ?? "";
    yield {
      rule: "quality.sql_changes_data",
      pointer,
      message: `quality check of \`${table.name ?? "?"}\` is no query: it has \`${what}\``,
      label: "a check may only read",
    };
    return;
  }
  const read = reading(all);
  const named = read.tables.filter((name) => !read.aliases.has(name.toLowerCase()) || tableOf(contract, name) !== undefined);
  const tables = named.map((name) => tableOf(contract, name));
  if (!read.placeholder && read.plain && named.length > 0 && tables.every((found) => found === undefined)) {
    const known = (contract.schema ?? []).map((one) => one.name).filter((name) => name !== undefined);
    yield {
      rule: "quality.sql_reads_other_table",
      pointer,
      message: `quality check of \`${table.name ?? "?"}\` reads \`${named.join("`, `")}\`, which the contract does not describe`,
      label: `the contract describes ${known.map((name) => `\`${name}\``).join(", ")}`,
    };
    return;
  }
  // A source whose columns are not known here may have any.
  if (!read.plain || tables.includes(undefined)) return;
  const sources = [...tables.filter((found) => found !== undefined), ...(read.placeholder ? [table] : [])];
  const columns = sources.flatMap((source) => [...nested(source.columns)]).map((column) => column.name ?? "");
  if (sources.length === 0 || columns.length === 0) return;
  const known = new Set([...columns, ...(settings.extraColumns ?? [])].map((name) => name.toLowerCase()));
  const said = new Set<string>();
  for (const column of read.columns) {
    const name = column.toLowerCase();
    // Pseudo-columns of engines: "$path", _PARTITIONTIME, METADATA$FILENAME.
    const pseudo = name.includes("$") || name.startsWith("_");
    if (pseudo || known.has(name) || read.aliases.has(name) || said.has(name) || sources.some((one) => one.name?.toLowerCase() === name)) continue;
    said.add(name);
    const near = nearest(name, columns);
    yield {
      rule: "quality.sql_unknown_column",
      pointer,
      message: `quality check uses the column \`${column}\`, which \`${sources.map((one) => one.name ?? "?").join("`, `")}\` does not have`,
      label: near === undefined ? "no such column" : `did you mean \`${near}\`?`,
    };
  }
}

function tableOf(contract: Contract, name: string): Table | undefined {
  const same = (other: string | undefined) => other !== undefined && (other.split(".").at(-1) ?? other).toLowerCase() === name.toLowerCase();
  return (contract.schema ?? []).find((table) => same(table.name) || same(table.physical_name));
}

/** The known name that is most like another, if it is like enough. */
export function nearest(name: string, known: string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const one of known) {
    const distance = edits(name, one.toLowerCase());
    if (distance <= Math.max(1, Math.floor(name.length / 3)) && distance < (best?.distance ?? Infinity)) best = { name: one, distance };
  }
  return best?.name;
}

/** Edits from one text to another (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
