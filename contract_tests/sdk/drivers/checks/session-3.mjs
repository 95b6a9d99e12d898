// The connection is lost while a recording runs, and the session is resumed.
import assert from "node:assert/strict";

import { subscribed } from "../debounce-3.mjs";
import { startedRoom } from "./room-3.mjs";
import { Told } from "./told.mjs";

const { client, room } = await startedRoom();
// Nothing public tells of the connection in this version; the session inside the client does.
const session = new Told();
for (const word of ["connected", "reconnecting", "auth_error"]) {
  client._session.session.on(`session.${word}`, session.as(word));
}
const told = new Told();
for (const word of ["updated", "ended"]) room.on(`recording.${word}`, told.as(word));
await room.subscribe();
const recording = await room.startRecording();
assert.deepEqual(await session.until(2), ["reconnecting", "connected"]);
await told.until(1);
await recording.resume();
await recording.stop();
assert.deepEqual(await told.until(3), ["updated paused", "updated recording", "ended completed"]);

await subscribed();
client.disconnect();
