// The application under test: records the first room, and pauses in between.
import { once } from "node:events";

import { SignalWire } from "@signalwire/realtime-api";
import WebSocket from "ws";

/** What no application may send: a call without the parameters that it has to have. */
async function breakTheContract({ host, project, token }) {
  const socket = new WebSocket(host);
  const call = (id, method, params) => socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  await once(socket, "open");
  call("1", "signalwire.connect", {
    version: { major: 3, minor: 0, revision: 0 },
    authentication: { project, token },
  });
  call("2", "video.recording.stop", {});
  // The two answers may come in one piece, so that a second `once` would be too late.
  await new Promise((resolve) => {
    let answers = 0;
    socket.on("message", () => (answers += 1) === 2 && resolve());
  });
  socket.close();
}

export async function record(options) {
  if (process.env.BREAK_THE_CONTRACT) await breakTheContract(options);
  const client = await SignalWire({ ...options, logLevel: "silent" });
  try {
    const room = await new Promise((resolve, reject) => {
      client.video.listen({ onRoomStarted: resolve }).catch(reject);
    });
    let hasEnded;
    const ended = new Promise((resolve) => (hasEnded = resolve));
    const recording = await room
      .startRecording({ listen: { onStarted: () => {}, onEnded: hasEnded } })
      .onStarted();
    await recording.pause();
    await recording.resume();
    await recording.stop();
    return await ended;
  } finally {
    await client.disconnect();
  }
}
