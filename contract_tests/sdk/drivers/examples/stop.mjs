// The documentation's example of RoomSessionRecording.stop(). Its own: where the service is, and a wait
// that the environment gives.
import { SignalWire } from "@signalwire/realtime-api";

const { HOST: host, PROJECT: project, TOKEN: token, WAIT_MS } = process.env;

const client = await SignalWire({ host, project, token });
const videoClient = client.video;

await videoClient.listen({
  onRoomStarted: async (roomSession) => {
    console.log("Room started", roomSession.displayName);

    let roomRecording = roomSession.startRecording({
      listen: {
        onStarted: () => {
          console.log("Recording started");
        },
        onEnded: (recording) => {
          console.log(`Recording ended. Recording State: ${recording.state}. Recording Id: ${recording.id}`);
        },
      },
    });
    await roomSession.listen({
      onRecordingUpdated: (recording) => {
        console.log(`Recording State: ${recording.state}. Recording Id: ${recording.id}`);
      },
      onMemberJoined: async (member) => {
        console.log("Member joined", member.name);
      },
      onMemberLeft: (member) => {
        console.log("Member left", member.name);
      },
    });

    setTimeout(async () => {
      console.log("Stopping recording");
      await roomRecording.stop();
    }, Number(WAIT_MS));
  },
  onRoomEnded: async (roomSession) => {
    console.log("Room ended", roomSession.displayName);
  },
});
