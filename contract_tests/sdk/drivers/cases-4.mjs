// Plays cases with the vendor's current client, @signalwire/realtime-api 4.

import { SignalWire } from "@signalwire/realtime-api";

import { playCases } from "./cases.mjs";

const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** A room tells `member.updated.deaf` to `onMemberDeaf`; a playback tells `playback.ended` to `onEnded`. */
function listenerName(className, event) {
  const words = event.replace("member.updated.", "member.").split(".");
  const ofARoom = className === "RoomSession" || className === "Video";
  return `on${(ofARoom ? words : words.slice(1)).map(capital).join("")}`;
}

await playCases({
  connect: ({ host, project, token }) => SignalWire({ host, project, token, logLevel: "warn" }),
  video: (client) => client.video,
  disconnect: (client) => client.disconnect(),
  listeners: (className, events, hear) =>
    Object.fromEntries(
      events.map((event) => [listenerName(className, event), (subject) => hear(event, subject)]),
    ),
  call: (object, method, args) => object[method](...args),
  started(untilEnded) {
    // When the start goes wrong, this promise is broken as well as the other.
    untilEnded.catch(() => {});
    return untilEnded.onStarted();
  },
  findRoom: (client) =>
    new Promise((resolve, reject) => {
      client.video.listen({ onRoomStarted: resolve }).catch(reject);
    }),
  follow: (room, listeners) => room.listen(listeners),
  hearAll: (client, ofVideo, ofRoom) =>
    client.video.listen({
      ...ofVideo,
      onRoomStarted(room) {
        ofVideo.onRoomStarted(room);
        // Attached at once, so that the room's own listeners hear of its start too.
        room.listen(ofRoom());
      },
    }),
});
