import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startMock } from "signalwire-mockserver";

import { record } from "../application.mjs";

let mock;
before(async () => (mock = await startMock()));
after(() => mock.stop());

test("time passes as the test says", { timeout: 300_000 }, async () => {
  const space = await mock.space({ name: "manual", clock: "manual" });
  const recorded = record(space.options);
  await space.waitFor("signalwire.subscribe");
  await space.startRoom("standup", ["Ann", "Bob"]);
  await space.waitFor("video.recording.pause");
  const began = await space.advance(300);
  assert.equal(await space.advance("1m"), began + 60);
  assert.equal((await recorded).state, "completed");

  assert.deepEqual(
    (await space.calls()).map(({ name }) => name).filter((name) => name.startsWith("video.recording.")),
    ["start", "pause", "resume", "stop"].map((verb) => `video.recording.${verb}`),
  );
  assert.equal((await space.events("video.recording.ended")).length, 1);
  assert.deepEqual((await space.rooms()).map(({ name }) => name), ["standup"]);
  assert.ok((await space.trace()).every(({ valid }) => valid));
  if (!process.env.BREAK_THE_CONTRACT) await space.end();
});

test("a call is refused", { timeout: 300_000 }, async () => {
  const space = await mock.space({ name: "refused" });
  await space.answerNext("video.recording.start", { code: "409", message: "no space left" });
  // Looked after from the start: the refusal may come before the answer to startRoom.
  const refused = assert.rejects(record(space.options), { message: "no space left" });
  await space.waitFor("signalwire.subscribe");
  await space.startRoom();
  await refused;
  await space.perform("end_room");
  await space.end();
});

test("what makes no sense is told", async () => {
  const space = await mock.space({ name: "told" });
  await assert.rejects(space.perform("join"), { name: "MockError", status: 404 });
  await assert.rejects(mock.space({ name: "another", speed: "fast" }), /\$\.speed: expected .*, found "fast"/);
  await assert.rejects(mock.space({ name: "told" }), { status: 409 });
  await assert.rejects(space.advance(1), /manual/);
  await space.end();
  await space.end();
});
