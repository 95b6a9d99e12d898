// Plays with the vendor's current client, @signalwire/realtime-api 4.

import { SignalWire } from "@signalwire/realtime-api";

import { play } from "./player.mjs";
import { paramsOf } from "./shapes.mjs";

const ROOM_LISTENERS = {
  onRoomSubscribed: "video.room.subscribed",
  onRoomUpdated: "video.room.updated",
  onRoomEnded: "video.room.ended",
  onRoomAudienceCount: "video.room.audience_count",
  onLayoutChanged: "video.layout.changed",
  onMemberJoined: "video.member.joined",
  onMemberUpdated: "video.member.updated",
  onMemberLeft: "video.member.left",
  onMemberTalking: "video.member.talking",
  onPlaybackStarted: "video.playback.started",
  onPlaybackUpdated: "video.playback.updated",
  onPlaybackEnded: "video.playback.ended",
  onRecordingStarted: "video.recording.started",
  onRecordingUpdated: "video.recording.updated",
  onRecordingEnded: "video.recording.ended",
  onStreamStarted: "video.stream.started",
  onStreamEnded: "video.stream.ended",
};
const VIDEO_LISTENERS = { onRoomStarted: "video.room.started", onRoomEnded: "video.room.ended" };

const listeners = (types, hear) =>
  Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, (subject) => hear(type, subject)]),
  );

/** This client tells one `video.member.updated` twice or more: for the frame, and by each of its workers. */
function hearOnce(hear) {
  const told = new Map();
  return (type, subject) => {
    if (type === "video.member.updated") {
      const state = JSON.stringify(paramsOf(type, subject));
      if (told.get(subject.id) === state) return;
      told.set(subject.id, state);
    }
    hear(type, subject);
  };
}

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
  listenToRoom: (room, hear) => room.listen(listeners(ROOM_LISTENERS, hearOnce(hear))),
  getRooms: () => client.video.getRoomSessions(),
  getRoom: (id) => client.video.getRoomSessionById(id),
  start(room, method, options) {
    const untilEnded = room[method](options);
    // When the start is refused, this promise is broken as well as the other.
    untilEnded.catch(() => {});
    return untilEnded.onStarted();
  },
});
