// The public properties of the vendor's objects, copied at this moment into the shapes of the wire:
// the clients keep one object per room, member, recording and so on, and change it with every event.

const ROOM_SESSION = [
  "id", "roomId", "name", "displayName", "eventChannel", "recording", "hideVideoMuted", "layoutName",
  "locked", "streaming", "prioritizeHandraise", "meta", "previewUrl", "updated",
];
const MEMBER = [
  "id", "roomId", "roomSessionId", "name", "type", "parentId", "requestedPosition", "currentPosition",
  "visible", "audioMuted", "videoMuted", "deaf", "inputVolume", "outputVolume", "inputSensitivity",
  "handraised", "talking", "meta", "updated",
];
const MEDIA = [
  "id", "roomId", "roomSessionId", "state", "url", "volume", "position", "seekable", "duration", "startedAt",
  "endedAt",
];

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function onTheWire(value) {
  // Dates of the clients are unix seconds on the wire.
  return value instanceof Date ? value.getTime() / 1000 : structuredClone(value);
}

function copy(subject, names) {
  const told = names.filter((name) => subject[name] !== undefined);
  return Object.fromEntries(told.map((name) => [snakeCase(name), onTheWire(subject[name])]));
}

function namesOf(subject) {
  if ("displayName" in subject) return ROOM_SESSION;
  if ("memberId" in subject) return MEMBER;
  return "startedAt" in subject ? MEDIA : null;
}

/** Anything that a client gave, as JSON: its objects by their public properties, functions by that word. */
export function plain(value) {
  if (typeof value === "function") return "function";
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  const names = namesOf(value);
  if (names !== null) return copy(value, names);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [snakeCase(name), plain(each)]));
}

/** The params of an event of this type, as far as `subject`, which a listener was given, tells them. */
export function paramsOf(type, subject) {
  const params = { room_id: subject.roomId, room_session_id: subject.roomSessionId };
  if (type === "video.room.audience_count") return { ...params, total: subject.total };
  if (type === "video.layout.changed") return { ...params, layout: plain(subject.layout) };
  const [, kind] = type.split(".");
  if (kind === "room") return { ...params, room_session: copy(subject, ROOM_SESSION) };
  if (kind === "member") return { ...params, member: copy(subject, MEMBER) };
  if (["playback", "recording", "stream"].includes(kind)) return { ...params, [kind]: copy(subject, MEDIA) };
  throw new Error(`no shape for ${type}`);
}
