// Who listens where is told what: at the start, on the recording, on the room; and no longer once it is over.
import assert from "node:assert/strict";

import { startedRoom } from "./room-4.mjs";
import { Told } from "./told.mjs";

const { client, room } = await startedRoom();
const [atStart, onRecording, onRoom, forAWhile] = [new Told(), new Told(), new Told(), new Told()];

await room.listen({
  onRecordingStarted: onRoom.as("started"),
  onRecordingUpdated: onRoom.as("updated"),
  onRecordingEnded: onRoom.as("ended"),
});
const stopListening = await room.listen({ onRecordingUpdated: forAWhile.as("updated") });
const recording = await room
  .startRecording({
    listen: {
      onStarted: atStart.as("started"),
      onUpdated: atStart.as("updated"),
      onEnded: atStart.as("ended"),
    },
  })
  .onStarted();
await recording.listen({ onUpdated: onRecording.as("updated"), onEnded: onRecording.as("ended") });

// The recording's own listeners are the last to be told.
await recording.pause();
await onRecording.until(1);
await stopListening();
await recording.resume();
await onRecording.until(2);
await recording.stop();
await onRecording.until(3);

const changes = ["updated paused", "updated recording", "ended completed"];
assert.deepEqual(onRecording.all, changes);
assert.deepEqual(onRoom.all, ["started recording", ...changes]);
assert.deepEqual(atStart.all, ["started recording", ...changes]);
assert.deepEqual(forAWhile.all, ["updated paused"]);

await client.disconnect();
