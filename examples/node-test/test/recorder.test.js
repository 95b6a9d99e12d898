import assert from "node:assert/strict";
import { test } from "node:test";

import { attend } from "../src/recorder.js";
import { makeSpace } from "./mock.js";

/** The recorder, attending until the test is over; minutes are waited for one by one. */
async function attending(t, space) {
  const written = [];
  const readers = [];
  const stop = await attend(space.options, (minutes) => {
    const reader = readers.shift();
    if (reader) reader(minutes);
    else written.push(minutes);
  });
  t.after(stop);
  return {
    minutes: () =>
      written.length ? written.shift() : new Promise((resolve) => readers.push(resolve)),
  };
}

test("the time somebody waits alone is not recorded", { timeout: 20_000 }, async (t) => {
  const space = await makeSpace("waits-alone");
  const recorder = await attending(t, space);
  await space.startRoom("standup", ["Ann", "Bob"]);
  await space.waitFor("video.members.get");
  await space.advance(60);
  await space.perform("leave", { name: "Bob" });
  await space.waitFor("video.recording.pause");
  await space.advance(300);
  await space.perform("join", { name: "Carl" });
  await space.waitFor("video.recording.resume");
  await space.advance(30);
  await space.perform("end_room");

  assert.deepEqual(await recorder.minutes(), { meeting: "standup", seconds: 90 });
});

test("a meeting that cannot be recorded does not spoil the next", { timeout: 20_000 }, async (t) => {
  const space = await makeSpace("refused");
  const recorder = await attending(t, space);
  await space.answerNext("video.recording.start", { code: "409", message: "no space left" });
  await space.startRoom("standup", ["Ann", "Bob"]);
  assert.deepEqual(await recorder.minutes(), { meeting: "standup", seconds: null });
  await space.perform("end_room", { room: "standup" });

  await space.startRoom("retro", ["Ann", "Bob"]);
  await space.waitFor("video.members.get");
  await space.advance(10);
  await space.perform("end_room", { room: "retro" });
  assert.deepEqual(await recorder.minutes(), { meeting: "retro", seconds: 10 });
});

test("a scenario of the library is recorded", { timeout: 20_000 }, async (t) => {
  const scenario = { scenario: "room-ends-while-recording", speed: 20 };
  const space = await makeSpace("library", scenario);
  const recorder = await attending(t, space);
  assert.deepEqual(await recorder.minutes(), { meeting: "lobby", seconds: 4 });
});

test("a scenario can be chosen by the token, and a space by the URL", { timeout: 20_000 }, async (t) => {
  // So an application with a project id of its own needs no control API at all.
  const options = {
    host: `${process.env.MOCK_SIGNALWIRE_URL}/space/by-token`,
    project: "always the same",
    token: "scenario:start-refused",
  };
  const recorder = await attending(t, { options });
  assert.deepEqual(await recorder.minutes(), { meeting: "lobby", seconds: null });
});
