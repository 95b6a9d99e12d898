// Plays with the vendor's current client, @signalwire/realtime-api 4.

import { SignalWire } from "@signalwire/realtime-api";

import { play } from "./player.mjs";

const ROOM_LISTENERS = {
  onRoomSubscribed: "video.room.subscribed",
  onRoomUpdated: "video.room.updated",
  onRoomEnded: "video.room.ended",
  onMemberJoined: "video.member.joined",
  onMemberUpdated: "video.member.updated",
  onMemberLeft: "video.member.left",
  onRecordingStarted: "video.recording.started",
  onRecordingUpdated: "video.recording.updated",
  onRecordingEnded: "video.recording.ended",
};
const VIDEO_LISTENERS = { onRoomStarted: "video.room.started", onRoomEnded: "video.room.ended" };

const listeners = (types, hear) =>
  Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, (subject) => hear(type, subject)]),
  );

let client;

await play({
  async connect({ host, project, token }) {
    // `SignalWire()` keeps its promise even when the credentials are refused; only this listener tells.
    let refusal;
    const listen = { onAuthError: (error) => (refusal = error) };
    client = await SignalWire({ host, project, token, listen, logLevel: "warn" });
    if (refusal !== undefined) throw refusal;
  },
  disconnect: () => client.disconnect(),
  listenToVideo: (hear) => client.video.listen(listeners(VIDEO_LISTENERS, hear)),
  listenToRoom: (room, hear) => room.listen(listeners(ROOM_LISTENERS, hear)),
  getRooms: () => client.video.getRoomSessions(),
  getRoom: (id) => client.video.getRoomSessionById(id),
  getMembers: (room) => room.getMembers(),
  getRecordings: (room) => room.getRecordings(),
  startRecording(room) {
    const untilEnded = room.startRecording();
    // When the start is refused, this promise is broken as well as the other.
    untilEnded.catch(() => {});
    return untilEnded.onStarted();
  },
});
