/** Tests without WebAssembly: `./build --test`. */

import assert from "node:assert/strict";
import test from "node:test";
import { evaluate } from "./app";

function said(description: string) {
  const column = { name: "a", description, pointer: "/a" };
  const input = { contracts: [{ pointer: "", schema: [{ pointer: "", columns: [column] }] }] };
  return evaluate(JSON.stringify(input), "{}").map((finding) => finding.pointer);
}

test("placeholders are found, and descriptions are not", () => {
  assert.deepEqual(said("TODO later"), ["/a/description"]);
  assert.deepEqual(said("The number of the order."), []);
});
