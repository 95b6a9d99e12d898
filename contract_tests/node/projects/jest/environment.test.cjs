// CommonJS, as jest has it without flags: the environment says where the mock is, and tokens name scenarios.
const { SignalWire } = require("@signalwire/realtime-api");

test("a scenario is chosen by its token", async () => {
  const client = await SignalWire({
    host: process.env.SIGNALWIRE_HOST,
    project: "by-token",
    token: "scenario:start-stop",
    logLevel: "silent",
  });
  const name = await new Promise((resolve) => client.video.listen({ onRoomStarted: (room) => resolve(room.name) }));
  expect(name).toBe("lobby");
  await client.disconnect();
});
