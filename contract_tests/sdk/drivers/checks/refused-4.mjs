// The first start of a recording is refused, the second succeeds; an illegal move is refused.
import assert from "node:assert/strict";

import { followedRoom } from "./room-4.mjs";
import { Told } from "./told.mjs";

const { client, room } = await followedRoom();
const refusal = { code: "403", message: "This room must not be recorded now." };
await assert.rejects(room.startRecording(), refusal);

const recording = await room.startRecording().onStarted();
const told = new Told();
await recording.listen({ onUpdated: told.as("updated"), onEnded: told.as("ended") });
await assert.rejects(recording.resume(), ({ code, message }) => {
  return code === "409" && message.includes("recording");
});
assert.equal(recording.state, "recording");

await recording.stop();
assert.deepEqual(await told.until(1), ["ended completed"]);

await client.disconnect();
