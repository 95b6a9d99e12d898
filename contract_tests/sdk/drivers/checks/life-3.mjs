// One recording from its start to its end: subscribe(), the object, its methods, and the room's listeners.
import assert from "node:assert/strict";

import { subscribed } from "../debounce-3.mjs";
import { startedRoom } from "./room-3.mjs";
import { Told } from "./told.mjs";

const { client, room } = await startedRoom();
const told = new Told();
for (const word of ["started", "updated", "ended"]) room.on(`recording.${word}`, told.as(word));

// Kept only once the service has told the room's state.
const state = await room.subscribe();
assert.equal(state.id, room.id);
assert.equal(state.recording, false);

// The object is made of the answer alone.
const recording = await room.startRecording();
assert.match(recording.id, /./);
assert.equal(recording.roomId, room.roomId);
assert.equal(recording.roomSessionId, room.roomSessionId);
assert.equal(recording.state, "recording");
assert.equal(recording.endedAt, undefined);
await told.until(1);
assert.ok(recording.startedAt instanceof Date);
assert.equal(recording.duration, undefined);
const { id, startedAt } = recording;

assert.equal(await recording.pause(), undefined);
await told.until(2);
assert.equal(recording.state, "paused");

const [listed, ...more] = (await room.getRecordings()).recordings;
assert.deepEqual(more, []);
assert.equal(listed.id, id);
assert.equal(listed.state, "paused");

assert.equal(await recording.resume(), undefined);
await told.until(3);
assert.equal(await recording.stop(), undefined);
await told.until(4);

assert.deepEqual(told.all, ["started recording", "updated paused", "updated recording", "ended completed"]);
assert.equal(recording.id, id);
assert.equal(recording.state, "completed");
assert.deepEqual(recording.startedAt, startedAt);
assert.ok(recording.endedAt instanceof Date && recording.endedAt >= startedAt);
assert.ok(recording.duration > 0);

await subscribed();
client.disconnect();
