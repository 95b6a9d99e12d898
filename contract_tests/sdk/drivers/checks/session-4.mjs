// The connection is lost while a recording runs, and the session is resumed.
import assert from "node:assert/strict";

import { followedRoom } from "./room-4.mjs";
import { Told } from "./told.mjs";

const session = new Told();
const { client, room } = await followedRoom({
  session: {
    onConnected: session.as("connected"),
    onReconnecting: session.as("reconnecting"),
    onDisconnected: session.as("disconnected"),
    onAuthError: session.as("refused"),
  },
});
const told = new Told();
const recording = await room.startRecording().onStarted();
await recording.listen({ onUpdated: told.as("updated"), onEnded: told.as("ended") });
await session.until(3);
await told.until(1);
await recording.resume();
await recording.stop();
assert.deepEqual(await told.until(3), ["updated paused", "updated recording", "ended completed"]);
assert.equal(client.authStatus, "authorized");

await client.disconnect();
assert.deepEqual(await session.until(4), ["connected", "reconnecting", "connected", "disconnected"]);
