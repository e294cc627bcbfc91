/**
 * Enough of SQL to say which tables a query reads, which columns it surely means, and whether it changes anything.
 *
 * Deliberately absent: a grammar of any dialect. Quality checks are written in twenty of them; what is not sure is not said.
 */

export interface Token {
  kind: "word" | "quoted" | "text" | "number" | "symbol" | "placeholder";
  text: string;
}

const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|('(?:[^']|'')*')|("(?:[^"]|"")*"|`[^`]*`|\[[A-Za-z_][^\]]*\])|(\$\{[^}]*\}|\{\{[\s\S]*?\}\}|\{[A-Za-z_][\w.]*\}|[:@$][A-Za-z_]\w*)|(\d[\w.]*)|([\p{L}_][\p{L}\p{N}_$]*)|(<>|!=|<=|>=|\|\||::|.)/gsu;

/** Splits a query. Never fails: what it does not know is a symbol. */
export function tokens(query: string): Token[] {
  const found: Token[] = [];
  for (const match of query.matchAll(TOKEN)) {
    const [whole, text, quoted, placeholder, number, word, symbol] = match;
    if (text !== undefined) found.push({ kind: "text", text });
    else if (quoted !== undefined) {
      // A placeholder within quotes is one: `${project}.${model}`.
      const inner = quoted.slice(1, -1);
      found.push({ kind: /[{}$]/.test(inner) ? "placeholder" : "quoted", text: inner });
    } else if (placeholder !== undefined) found.push({ kind: "placeholder", text: placeholder });
    else if (number !== undefined) found.push({ kind: "number", text: number });
    else if (word !== undefined) found.push({ kind: "word", text: word });
    else if (symbol !== undefined) found.push({ kind: "symbol", text: whole });
  }
  return found;
}

const CHANGES = new Set(
  "insert update delete merge replace upsert drop create alter truncate grant revoke call exec execute copy vacuum rename comment attach load install unload put remove".split(" "),
);
const READS = new Set("select with values show describe desc explain from table pragma".split(" "));

/** The word that changes something, if any: at the start of a statement, or of what stands in brackets. */
export function change(query: Token[]): string | undefined {
  let start = true;
  for (const token of query) {
    const word = token.kind === "word" ? token.text.toLowerCase() : undefined;
    if (start && word !== undefined && CHANGES.has(word)) return word.toUpperCase();
    if (start && token.kind === "symbol" && token.text === ";") continue;
    start = token.kind === "symbol" && (token.text === ";" || token.text === "(");
  }
  // `WITH old AS (…) DELETE …`: after the closing bracket the statement itself begins.
  const first = query[0];
  if (first?.kind === "word" && first.text.toLowerCase() === "with") {
    const after = query.findIndex((token, index) => index > 0 && query[index - 1]?.text === ")" && token.kind === "word" && CHANGES.has(token.text.toLowerCase()));
    if (after > 0) return query[after]?.text.toUpperCase();
  }
  return undefined;
}

/** Does it begin as a query does? */
export function isQuery(query: Token[]): boolean {
  const first = query.find((token) => token.text !== "(");
  return first?.kind === "placeholder" || (first?.kind === "word" && READS.has(first.text.toLowerCase()));
}

export interface Reading {
  /** Plain names after FROM and JOIN, without database and schema. */
  tables: string[];
  /** Is every source a plain name or a placeholder? A function or a subquery has columns that nobody knows here. */
  plain: boolean;
  /** Is there a placeholder among the sources? It stands for the table of the check. */
  placeholder: boolean;
  /** Names that the query itself gives. */
  aliases: Set<string>;
  /** Names that are surely columns, as they are written. */
  columns: string[];
}

const COMPARE = new Set(["=", "<", ">", "<=", ">=", "<>", "!=", "is", "in", "like", "ilike", "between", "not"]);
const AGGREGATES = new Set("count sum avg min max stddev variance median count_if countif approx_percentile percentile_approx quantile_cont".split(" "));
/** Words that stand where columns do, and are none. */
const WORDS = new Set(
  ("select distinct all from where and or not null true false unknown case when then else end as on using join inner left right full outer cross natural lateral " +
    "group by order having limit offset fetch first next rows row only union except intersect with recursive over partition window range unbounded preceding following current " +
    "is in like ilike rlike regexp similar escape between exists any some asc desc nulls last filter within interval at time zone date timestamp datetime cast try_cast extract " +
    "qualify sample tablesample top values current_date current_time current_timestamp localtime localtimestamp sysdate today now year quarter month week day hour minute second " +
    "microsecond millisecond dow doy epoch both leading trailing collate pivot unpivot for if default rownum rowid level dual").split(" "),
);
const ENDS_SOURCE = new Set("where group order having limit union except intersect qualify on using window fetch offset sample tablesample".split(" "));

/** Reads a query, from its tokens. */
export function reading(query: Token[]): Reading {
  const found: Reading = { tables: [], plain: true, placeholder: false, aliases: new Set(), columns: [] };
  const at = (index: number) => query[index];
  const lower = (index: number) => at(index)?.text.toLowerCase() ?? "";
  const word = (index: number) => at(index)?.kind === "word";
  const name = (index: number) => at(index)?.kind === "quoted" || (word(index) && !WORDS.has(lower(index)));
  const inBrackets: string[] = [];
  for (let index = 0; index < query.length; index++) {
    if (lower(index) === "(") inBrackets.push(word(index - 1) ? lower(index - 1) : "");
    if (lower(index) === ")") inBrackets.pop();
    if (word(index) && lower(index) === "as" && name(index + 1)) found.aliases.add(lower(index + 1));
    // `WITH name AS (`: a source that the query itself makes.
    if (name(index) && lower(index + 1) === "as" && lower(index + 2) === "(") found.aliases.add(lower(index));
    const source = word(index) && (lower(index) === "from" || lower(index) === "join") && inBrackets.at(-1) !== "extract" && inBrackets.at(-1) !== "trim" && inBrackets.at(-1) !== "substring";
    if (source) index = readSources(query, index + 1, found) - 1;
  }
  for (let index = 0; index < query.length; index++) {
    if (!name(index) || lower(index + 1) === "(" || lower(index + 1) === ".") continue;
    const qualified = lower(index - 1) === ".";
    const before = qualified ? index - 3 : index - 1;
    const aggregated = lower(index + 1) === ")" && lower(before) === "(" && AGGREGATES.has(lower(before - 1));
    if (COMPARE.has(lower(index + 1)) || aggregated) found.columns.push(at(index)?.text ?? "");
  }
  return found;
}

/** Reads what follows FROM or JOIN; gives the index after it. */
function readSources(query: Token[], from: number, found: Reading): number {
  let index = from;
  for (;;) {
    const token = query[index];
    if (token === undefined) return index;
    if (token.kind === "placeholder") {
      found.placeholder = true;
      index++;
      // `${database}.${model}`, `${project}.orders`.
      while (query[index]?.text === ".") {
        if (query[index + 1]?.kind !== "placeholder") found.placeholder = false;
        if (query[index + 1]?.kind === "word" || query[index + 1]?.kind === "quoted") found.tables.push(query[index + 1]?.text ?? "");
        index += 2;
      }
    } else if (token.kind === "word" || token.kind === "quoted") {
      let last = token.text;
      index++;
      while (query[index]?.text === "." && query[index + 1] !== undefined) {
        const next = query[index + 1];
        if (next?.kind === "placeholder") {
          found.placeholder = true;
          last = "";
        } else last = next?.text ?? "";
        index += 2;
      }
      if (query[index]?.text === "(") {
        found.plain = false;
        return index;
      }
      // `db.schema.table` may be quoted as a whole.
      if (last !== "") found.tables.push(last.split(".").at(-1) ?? last);
    } else {
      found.plain = false;
      return index;
    }
    if (query[index]?.text.toLowerCase() === "as") index++;
    const alias = query[index];
    if (alias?.kind === "quoted" || (alias?.kind === "word" && !WORDS.has(alias.text.toLowerCase()) && !ENDS_SOURCE.has(alias.text.toLowerCase()))) {
      found.aliases.add(alias.text.toLowerCase());
      index++;
    }
    if (query[index]?.text !== ",") return index;
    index++;
  }
}
