// A recording that the service has stopped: the client refuses every further action by itself.
import assert from "node:assert/strict";

import { followedRoom } from "./room-4.mjs";

const { client, room } = await followedRoom();
const untilEnded = room.startRecording();
const recording = await untilEnded.onStarted();
await untilEnded;
assert.equal(recording.hasEnded, true);
for (const verb of ["pause", "resume", "stop"]) {
  await assert.rejects(recording[verb](), { message: "Action has ended" });
}

await client.disconnect();
