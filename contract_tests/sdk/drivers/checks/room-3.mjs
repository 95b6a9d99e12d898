// A client of the older version, and the first room that starts.
import { Video } from "realtime-api-3";

import { spec } from "../spec.mjs";

const { host, project, token } = spec;

export async function startedRoom() {
  const client = new Video.Client({ host, project, token, logLevel: "warn" });
  const room = await new Promise((resolve, reject) => {
    client.on("room.started", resolve);
    client.subscribe().catch(reject);
  });
  return { client, room };
}
