// This client does not know that a recording has ended: it asks the service, which refuses.
import assert from "node:assert/strict";

import { subscribed } from "../debounce-3.mjs";
import { startedRoom } from "./room-3.mjs";
import { Told } from "./told.mjs";

const { client, room } = await startedRoom();
const told = new Told();
room.on("recording.ended", told.as("ended"));
await room.subscribe();
const recording = await room.startRecording();
await told.until(1);
assert.equal(recording.state, "completed");
// At once, since the room ends soon, and then there is nothing to be refused for this reason.
await Promise.all(
  ["pause", "resume", "stop"].map((verb) =>
    assert.rejects(recording[verb](), ({ code, message }) => code === "409" && message.includes("ended")),
  ),
);

await subscribed();
client.disconnect();
