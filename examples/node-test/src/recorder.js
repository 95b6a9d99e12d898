// Records the meetings of a SignalWire project, and pauses while somebody waits alone.
import { SignalWire } from "@signalwire/realtime-api";

/**
 * Attend every meeting from now on.
 *
 * @param {{host?: string, project: string, token: string}} options who to be, and where
 * @param {(minutes: {meeting: string, seconds: number | null}) => void} onMinutes called once for
 *   each meeting that is over; seconds is null when it could not be recorded
 * @returns {Promise<() => Promise<void>>} stops attending
 */
export async function attend(options, onMinutes) {
  const client = await SignalWire(options);
  await client.video.listen({ onRoomStarted: (room) => record(room, onMinutes) });
  return () => client.disconnect();
}

async function record(room, onMinutes) {
  const people = new Set();
  let recording = null;
  let isPaused = false;

  async function lookAround() {
    const isAlone = people.size < 2;
    if (!recording || recording.hasEnded || isAlone === isPaused) return;
    isPaused = isAlone;
    await (isAlone ? recording.pause() : recording.resume());
  }

  try {
    recording = await room
      .startRecording({
        listen: {
          // The client hears only of what is listened to, and onStarted() below waits for this.
          onStarted: () => {},
          onEnded: ({ duration }) => onMinutes({ meeting: room.name, seconds: duration }),
        },
      })
      .onStarted();
  } catch {
    onMinutes({ meeting: room.name, seconds: null });
    return;
  }
  await room.listen({
    onMemberJoined: (member) => people.add(member.id) && lookAround(),
    onMemberLeft: (member) => people.delete(member.id) && lookAround(),
  });
  const { members } = await room.getMembers();
  members.forEach((member) => people.add(member.id));
  await lookAround();
}
