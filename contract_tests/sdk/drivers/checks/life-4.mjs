// One recording from its start to its end: properties and methods of the object, and of the promise.
import assert from "node:assert/strict";

import { followedRoom } from "./room-4.mjs";
import { Told } from "./told.mjs";

const { client, room } = await followedRoom();
const untilEnded = room.startRecording();
const recording = await untilEnded.onStarted();

assert.match(recording.id, /./);
assert.equal(recording.roomId, room.roomId);
assert.equal(recording.roomSessionId, room.roomSessionId);
assert.equal(recording.state, "recording");
assert.equal(recording.hasEnded, false);
assert.ok(recording.startedAt instanceof Date);
assert.equal(recording.endedAt, undefined);
assert.equal(recording.duration, undefined);
const { startedAt, id } = recording;

// The promise has the same properties, each as a promise.
assert.equal(await untilEnded.id, id);
assert.equal(await untilEnded.roomId, room.roomId);
assert.equal(await untilEnded.roomSessionId, room.roomSessionId);
assert.equal(await untilEnded.state, "recording");
assert.deepEqual(await untilEnded.startedAt, startedAt);

const told = new Told();
await recording.listen({ onUpdated: told.as("updated"), onEnded: told.as("ended") });

assert.equal(await recording.pause(), undefined);
await told.until(1);
assert.equal(recording.state, "paused");
assert.equal(recording.hasEnded, false);
assert.equal(recording.endedAt, undefined);

assert.equal(await untilEnded.resume(), undefined);
await told.until(2);
assert.equal(recording.state, "recording");

assert.equal(await untilEnded.stop(), undefined);
const ended = await untilEnded;
await told.until(3);
assert.deepEqual(told.all, ["updated paused", "updated recording", "ended completed"]);

assert.equal(ended.id, id);
assert.equal(ended.state, "completed");
assert.equal(recording.hasEnded, true);
assert.deepEqual(recording.startedAt, startedAt);
assert.ok(recording.endedAt instanceof Date);
assert.ok(recording.endedAt >= startedAt);
assert.equal(typeof recording.duration, "number");
// The length of the media: the pause does not count. A Date ends at milliseconds, hence the one more.
const wholeMs = recording.endedAt - startedAt;
assert.ok(recording.duration > 0 && recording.duration * 1000 <= wholeMs + 1);

await client.disconnect();
