// The mock in a container that the tests start: testcontainers for Node.
//
//   npm install testcontainers
//   docker build -f Containerfile -t signalwire-mockserver .
//   node --test examples/ci/containers.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GenericContainer, Wait } from "testcontainers";

const TOKEN = "for-tests-only";
let container;

before(async () => {
  container = await new GenericContainer("signalwire-mockserver")
    .withExposedPorts(8787)
    .withEnvironment({ MOCKSERVER_CONTROL_TOKEN: TOKEN })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
});
after(() => container?.stop());

test("the mock is there", async () => {
  const url = `http://${container.getHost()}:${container.getMappedPort(8787)}`;
  const answer = await fetch(`${url}/__mock__/health`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  assert.equal((await answer.json()).status, "ok");
});
