import { currentMock } from "signalwire-mockserver";
import { expect, test } from "vitest";

import { record } from "../application.mjs";

test.for(["three", "four"])("a recording in a space of its own: %s", async (name) => {
  const mock = await currentMock();
  const space = await mock.space({ name });
  const recorded = record(space.options);
  await space.waitFor("signalwire.subscribe");
  await space.startRoom("standup");
  expect(await recorded).toMatchObject({ state: "completed" });
  expect(await space.calls("video.recording.start")).toHaveLength(1);
});
