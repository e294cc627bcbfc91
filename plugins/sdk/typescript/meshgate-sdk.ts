/**
 * Write Meshgate plugins in TypeScript.
 *
 *     import { columns, plugin, type Finding } from "meshgate-sdk";
 *
 *     export const { describe, validateSettings, evaluate } = plugin({
 *       id: "loud",
 *       version: "0.1.0",
 *       rules: [{ id: "naming.loud", severity: "info", title: "Column name shouts", remedy: "Write it in lower case." }],
 *       *evaluate(input) {
 *         for (const column of columns(input)) {
 *           if (column.name && column.name === column.name.toUpperCase()) {
 *             yield { rule: "naming.loud", pointer: `${column.pointer}/name`, message: `column \`${column.name}\` shouts` };
 *           }
 *         }
 *       },
 *     });
 *
 * `input` is what a Rego rule sees as `input` (`meshgate show FILE --format json` prints it). What is thrown becomes a fault
 * with its stack, and a fault denies. Capabilities are modules of the host's: `import { read } from
 * "meshgate:plugin/files@0.1.0"` (meshgate.d.ts has their types); a world that does not import them does not link.
 *
 * Deliberately absent: the network, the environment, timers, Node's modules; the sandbox has none of them.
 */

export type Severity = "error" | "warning" | "info";

export interface Rule {
  /** `category.name_of_the_smell` */
  id: string;
  severity: Severity;
  /** One line: what it looks for. */
  title: string;
  /** Why it matters. */
  description?: string;
  /** What to do about a finding, one sentence. */
  remedy?: string;
  /** Addresses to read more at. */
  related?: string[];
  /** `data-product`, `data-contract`; absent means all. */
  appliesTo?: string[];
}

/** A remark about one place. */
export interface Finding {
  rule: string;
  /** A `pointer` of the model, or one below it. */
  pointer: string;
  message: string;
  /** A few words to write under the place. */
  label?: string;
  related?: { pointer: string; message: string }[];
  /** How to mend it: a JSON Patch (RFC 6902). */
  fix?: unknown[];
}

export interface Column {
  name?: string;
  type?: string;
  physical_type?: string;
  required?: boolean;
  unique?: boolean;
  primary_key?: boolean;
  description?: string;
  classification?: string;
  pii?: boolean;
  encrypted?: boolean;
  masking?: unknown;
  tags?: string[];
  quality?: Record<string, unknown>[];
  columns?: Column[];
  pointer: string;
}

export interface Table {
  name?: string;
  physical_name?: string;
  description?: string;
  tags?: string[];
  quality?: Record<string, unknown>[];
  columns?: Column[];
  pointer: string;
}

export interface Contract {
  id?: string;
  name?: string;
  version?: string;
  schema?: Table[];
  pointer: string;
  [field: string]: unknown;
}

/** What a Rego rule sees as `input`. */
export interface Input {
  format: string;
  kind: string;
  file: string;
  product?: Record<string, unknown>;
  contracts: Contract[];
  context: { stage?: string; event?: string; domain?: string; now: string };
  raw?: unknown;
  mesh?: unknown;
}

export interface Plugin<Settings> {
  id: string;
  version: string;
  rules: Rule[];
  /** JSON Schema of the settings. */
  settingsSchema?: { properties?: Record<string, unknown>; [key: string]: unknown };
  /** What it cannot work without: `files:NAME`, `data:PATH`, `clock`, `random`. */
  capabilities?: string[];
  /** Says what is wrong with the settings. Keys that the schema does not name are refused before. */
  validateSettings?(settings: Settings): string | undefined;
  evaluate(input: Input, settings: Settings): Iterable<Finding>;
}

/** Makes the three exports of the contract. */
export function plugin<Settings = Record<string, never>>(one: Plugin<Settings>) {
  return {
    describe: () => ({
      id: one.id,
      version: one.version,
      rules: one.rules.map((rule) => ({
        id: rule.id,
        title: rule.title,
        description: rule.description ?? "",
        severity: rule.severity,
        remedy: rule.remedy,
        related: rule.related ?? [],
        appliesTo: rule.appliesTo ?? [],
      })),
      settingsSchema: one.settingsSchema && JSON.stringify(one.settingsSchema),
      capabilities: one.capabilities ?? [],
    }),

    validateSettings: guarded((text: string) => {
      const settings = JSON.parse(text);
      const known = Object.keys(one.settingsSchema?.properties ?? {});
      const unknown = Object.keys(settings ?? {}).find((key) => !known.includes(key));
      if (unknown !== undefined) {
        throw new Refusal(`unknown setting \`${unknown}\`; known: ${known.map((key) => `\`${key}\``).join(", ") || "none"}`);
      }
      const problem = one.validateSettings?.(settings);
      if (problem !== undefined) throw new Refusal(problem);
    }),

    evaluate: guarded((input: string, settings: string) =>
      [...one.evaluate(JSON.parse(input), JSON.parse(settings))].map((finding) => ({
        rule: finding.rule,
        pointer: finding.pointer,
        message: finding.message,
        label: finding.label,
        related: finding.related ?? [],
        fix: finding.fix && JSON.stringify(finding.fix),
      })),
    ),
  };
}

/** Throw it when a descriptor cannot be judged: the message is shown without a stack. */
export class Refusal extends Error {}

/** What is thrown is the contract's error: a text. */
function guarded<Arguments extends unknown[], Answer>(work: (...given: Arguments) => Answer) {
  return (...given: Arguments): Answer => {
    try {
      return work(...given);
    } catch (error) {
      if (error instanceof Refusal) throw error.message;
      if (!(error instanceof Error)) throw String(error);
      // What a host function throws holds the contract's error, as `{ tag: "not-found" }`.
      const payload = (error as { payload?: unknown }).payload;
      const message = payload === undefined ? error.message : `the host says ${JSON.stringify(payload)}`;
      throw `${error.name}: ${message}\n${error.stack ?? ""}`.trim();
    }
  };
}

/** The text of a file's bytes, UTF-8: the sandbox has no TextDecoder. */
export function text(bytes: Uint8Array): string {
  let escaped = "";
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, "0")}`;
  return decodeURIComponent(escaped);
}

/** Every column of every contract, nested ones after the one that holds them. */
export function* columns(input: Input): Generator<Column> {
  for (const contract of input.contracts) {
    for (const table of contract.schema ?? []) yield* nested(table.columns);
  }
}

/** Columns and those within. */
export function* nested(columns: Column[] | undefined): Generator<Column> {
  for (const column of columns ?? []) {
    yield column;
    yield* nested(column.columns);
  }
}
