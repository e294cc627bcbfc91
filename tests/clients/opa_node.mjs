// What OPA's TypeScript SDKs ask of OPA, asked of the sidecar. Arguments: its address, and the folder of the packages.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [address, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
for (const name of ["@open-policy-agent/opa", "@styra/opa"]) {
  const { OPAClient } = require(name);
  const opa = new OPAClient(`http://${address}`);
  const [alice, bob] = [{ subject: "alice" }, { subject: "bob" }];
  assert.equal(await opa.evaluate("authz/allow"), false);
  assert.equal(await opa.evaluate("authz/allow", alice), true);
  assert.equal(await opa.evaluate("authz/allow", bob), false);
  assert.equal(await opa.evaluateDefault(alice), true);
  assert.deepEqual(await opa.evaluate("authz", bob), { allow: false, greeting: "hello bob" });
  const shout = await opa.evaluate("authz/greeting", bob, { fromResult: (result) => result.toUpperCase() });
  assert.equal(shout, "HELLO BOB");
  assert.deepEqual(await opa.evaluateBatch("authz/allow", { alice, bob }), { alice: true, bob: false });
  console.log(`${name}: answered`);
}
