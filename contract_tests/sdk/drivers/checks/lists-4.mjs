// getRecordings(): none, one that runs, one that has ended.
import assert from "node:assert/strict";

import { followedRoom } from "./room-4.mjs";

const { client, room } = await followedRoom();
assert.deepEqual(await room.getRecordings(), { recordings: [] });

const untilEnded = room.startRecording();
const recording = await untilEnded.onStarted();
const running = (await room.getRecordings()).recordings;
assert.equal(running.length, 1);
assert.equal(running[0], recording, "the client keeps one object per recording");
assert.equal(recording.state, "recording");

await recording.stop();
await untilEnded;
const [ended, ...more] = (await room.getRecordings()).recordings;
assert.deepEqual(more, []);
assert.equal(ended.id, recording.id);
assert.equal(ended.roomId, room.roomId);
assert.equal(ended.roomSessionId, room.roomSessionId);
assert.equal(ended.state, "completed");
assert.equal(ended.hasEnded, true);
assert.equal(ended.duration, recording.duration);
assert.deepEqual(ended.startedAt, recording.startedAt);
assert.deepEqual(ended.endedAt, recording.endedAt);

await client.disconnect();
