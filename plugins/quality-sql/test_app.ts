/**
 * Tests of the quality-sql plugin, run by Node: `plugins/build --test quality-sql`.
 *
 * Deliberately absent: WebAssembly; `examples/` are run in the component.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { evaluate, validateSettings } from "./app";
import { nearest } from "./judge";
import { change, reading, tokens } from "./sql";

const orders = { name: "orders", physical_name: "prod.orders_v1", columns: ["order_id", "order_total", "status"].map((name) => ({ name, pointer: `/${name}` })) };

function said(query: string, settings = {}) {
  const table = { ...orders, pointer: "/t", quality: [{ type: "sql", query }] };
  const input = { contracts: [{ pointer: "", schema: [table, { name: "lines", pointer: "/l", columns: [{ name: "sku", pointer: "/s" }] }] }] };
  return evaluate(JSON.stringify(input), JSON.stringify(settings)).map((finding) => `${finding.rule.slice(12)} ${finding.label}`);
}

test("columns that are not there are told, with the one that was meant", () => {
  assert.deepEqual(said("SELECT COUNT(*) FROM orders WHERE order_totl < 0"), ["unknown_column did you mean `order_total`?"]);
  assert.deepEqual(said("select max(amount) from ${model}"), ["unknown_column no such column"]);
  assert.deepEqual(said('SELECT count(*) FROM orders o WHERE o."Statuss" IS NULL'), ["unknown_column did you mean `status`?"]);
});

test("what is there, or may be, is silent", () => {
  for (const query of [
    "SELECT COUNT(*) FROM orders WHERE order_total < 0 AND Status IN ('a', 'b')",
    "SELECT count(*) FROM `${project}.${dataset}.${model}` WHERE DATE(order_timestamp) = CURRENT_DATE()",
    "SELECT count(*) FROM prod.orders_v1 QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY x) > 1",
    "WITH t AS (SELECT sum(order_total) AS total FROM orders) SELECT count(*) FROM t WHERE total > 5",
    "SELECT count(*) FROM orders JOIN lines ON orders.order_id = lines.sku WHERE sku = 1",
    "SELECT count(*) FROM read_parquet('x') WHERE anything = 1",
    "SELECT count(*) FROM (SELECT a AS b FROM c) WHERE b = 1",
    "SELECT count(*) FROM ${model} WHERE \"$path\" LIKE '%2026%'",
    "SELECT count(*) FROM orders WHERE extract(year FROM order_id) = 2026",
    "SELECT COUNT(*) FROM orders -- WHERE amount = 1",
    "{{ macro(orders) }}",
  ]) {
    assert.deepEqual(said(query), [], query);
  }
  assert.deepEqual(said("SELECT count(_loaded) FROM orders WHERE loaded_at IS NULL", { extraColumns: ["loaded_at"] }), []);
});

test("tables that the contract does not describe are told", () => {
  assert.deepEqual(said("SELECT COUNT(*) FROM customers"), ["reads_other_table the contract describes `orders`, `lines`"]);
});

test("what is no query is told, wherever it hides", () => {
  for (const query of ["DELETE FROM orders", "select 1; drop table orders", "WITH x AS (SELECT 1) DELETE FROM orders", "WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", "hello"]) {
    assert.deepEqual(said(query), ["changes_data a check may only read"], query);
  }
  for (const query of ["SELECT replace(status, 'a', 'b') FROM orders", "SELECT 'delete' FROM orders", "(SELECT 1 FROM orders)"]) {
    assert.equal(change(tokens(query)), undefined, query);
  }
});

test("settings are checked", () => {
  validateSettings('{"extraColumns":["a"]}');
  assert.throws(() => validateSettings('{"extra":[]}'), /unknown setting `extra`; known: `extraColumns`/);
  assert.throws(() => validateSettings('{"extraColumns":"a"}'), /not a list/);
});

test("broken input is an error that says so", () => {
  assert.throws(() => evaluate("{", "{}"), /SyntaxError/);
});

test("queries are read", () => {
  const read = reading(tokens("SELECT a FROM db.s.orders AS o, ${x}.lines l WHERE o.b = 1"));
  assert.deepEqual([read.tables, read.plain, read.columns], [["orders", "lines"], true, ["b"]]);
  assert.equal(nearest("zzz", ["abc"]), undefined);
});
