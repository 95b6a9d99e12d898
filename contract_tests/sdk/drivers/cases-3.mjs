// Plays cases with the vendor's older client, @signalwire/realtime-api 3.

import { Video } from "realtime-api-3";

import { playCases } from "./cases.mjs";
import { subscribed } from "./debounce-3.mjs";

function listen(object, listeners) {
  for (const [event, hear] of Object.entries(listeners)) object.on(event, hear);
}

await playCases({
  async connect({ host, project, token }) {
    const client = new Video.Client({ host, project, token, logLevel: "warn" });
    await client.subscribe();
    return client;
  },
  video: (client) => client,
  async disconnect(client) {
    await subscribed();
    client.disconnect();
  },
  listeners: (className, events, hear) =>
    Object.fromEntries(events.map((event) => [event, (subject) => hear(event, subject)])),
  async call(object, method, args) {
    if (method === "on") return listen(object, ...args);
    if (method === "disconnect") await subscribed();
    return object[method](...args);
  },
  async started(returned, kind) {
    const started = await returned;
    // Typed as the stream, it is an object that has it.
    return kind === "stream" ? started.stream : started;
  },
  findRoom: (client) =>
    new Promise((resolve, reject) => {
      client.on("room.started", resolve);
      client.subscribe().catch(reject);
    }),
  async follow(room, listeners) {
    listen(room, listeners);
    await room.subscribe();
  },
  async hearAll(client, ofVideo, ofRoom) {
    listen(client, ofVideo);
    client.on("room.started", (room) => {
      // Attached at once, so that the room's own listeners hear of its start too.
      listen(room, ofRoom());
      room.subscribe();
    });
    await client.subscribe();
  },
});
