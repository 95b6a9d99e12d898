// The public properties of the vendor's objects, copied at this moment into the shapes of the wire:
// the clients keep one object per room, member and recording, and change it with every event.

const ROOM_SESSION = [
  "id", "roomId", "name", "displayName", "eventChannel", "recording", "hideVideoMuted", "layoutName",
  "locked", "streaming", "prioritizeHandraise", "meta", "previewUrl", "updated",
];
const MEMBER = [
  "id", "roomId", "roomSessionId", "name", "type", "parentId", "requestedPosition", "currentPosition",
  "visible", "audioMuted", "videoMuted", "deaf", "inputVolume", "outputVolume", "inputSensitivity",
  "handraised", "talking", "meta", "updated",
];
const RECORDING = ["id", "state", "duration", "startedAt", "endedAt"];

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function onTheWire(value) {
  // Dates of the clients are unix seconds on the wire.
  return value instanceof Date ? value.getTime() / 1000 : structuredClone(value);
}

function copy(subject, names) {
  const told = names.filter((name) => subject[name] !== undefined);
  return Object.fromEntries(told.map((name) => [snakeCase(name), onTheWire(subject[name])]));
}

/** The params of an event of this type, as far as `subject`, which a listener was given, tells them. */
export function paramsOf(type, subject) {
  const params = { room_id: subject.roomId, room_session_id: subject.roomSessionId };
  if (type.startsWith("video.room.")) return { ...params, room_session: copy(subject, ROOM_SESSION) };
  if (type.startsWith("video.member.")) return { ...params, member: copy(subject, MEMBER) };
  if (type.startsWith("video.recording.")) return { ...params, recording: copy(subject, RECORDING) };
  throw new Error(`no shape for ${type}`);
}
