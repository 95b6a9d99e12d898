// A client of the current version, and the first room that starts.
import { SignalWire } from "@signalwire/realtime-api";

import { spec } from "../spec.mjs";

const { host, project, token } = spec;

export const connect = (listen = {}) => SignalWire({ host, project, token, listen, logLevel: "warn" });

export async function startedRoom({ session } = {}) {
  const client = await connect(session);
  const room = await new Promise((resolve, reject) => {
    client.video.listen({ onRoomStarted: resolve }).catch(reject);
  });
  return { client, room };
}

/** The same, subscribed to the room's recordings: the promises of `startRecording()` live on their events. */
export async function followedRoom(options) {
  const { client, room } = await startedRoom(options);
  const ignored = () => {};
  await room.listen({
    onRecordingStarted: ignored,
    onRecordingUpdated: ignored,
    onRecordingEnded: ignored,
  });
  return { client, room };
}
