// Plays with the vendor's older client, @signalwire/realtime-api 3.

import assert from "node:assert/strict";

import { Video } from "realtime-api-3";

import { subscribed } from "./debounce-3.mjs";
import { play } from "./player.mjs";

const ROOM_EVENTS = [
  "room.subscribed",
  "room.updated",
  "room.ended",
  "room.audienceCount",
  "layout.changed",
  "member.joined",
  "member.updated",
  "member.left",
  "member.talking",
  "playback.started",
  "playback.updated",
  "playback.ended",
  "recording.started",
  "recording.updated",
  "recording.ended",
  "stream.started",
  "stream.ended",
];

const typeOf = (event) => (event === "room.audienceCount" ? "video.room.audience_count" : `video.${event}`);

let video;

await play({
  async connect({ host, project, token }) {
    video = new Video.Client({ host, project, token, logLevel: "warn" });
    // What a user is told of refused credentials is the bare word below; the code knows only the session
    // inside the client.
    let refusal;
    video._session.session.on("session.auth_error", (error) => (refusal = error));
    try {
      await video.subscribe();
    } catch (error) {
      assert.equal(error.message, "Unauthorized");
      throw refusal ?? error;
    }
  },
  async disconnect() {
    await subscribed();
    video.disconnect();
  },
  async listenToVideo(hear) {
    for (const event of ["room.started", "room.ended"]) {
      video.on(event, (subject) => hear(`video.${event}`, subject));
    }
    await video.subscribe();
  },
  async listenToRoom(room, hear) {
    for (const event of ROOM_EVENTS) room.on(event, (subject) => hear(typeOf(event), subject));
    await room.subscribe();
  },
  getRooms: () => video.getRoomSessions(),
  getRoom: (id) => video.getRoomSessionById(id),
  async start(room, method, options) {
    const started = await room[method](options);
    // Typed as the stream, it is an object that has it.
    return method === "startStream" ? started.stream : started;
  },
});
