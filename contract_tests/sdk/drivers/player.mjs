// Plays the client's part of a scenario with one of the vendor's clients, which it knows by an adapter:
//
//   connect(spec)              rejects with {code} when the credentials are refused
//   disconnect()
//   listenToVideo(hear), listenToRoom(room, hear)      hear(event type, what the listener was given)
//   getRooms(), getRoom(id)
//   start(room, method, options)       a promise of what that method starts, kept once it can be acted on
//
// Prints one JSON object per line: {"event", "params"} for each call of a listener, and {"refused", "code"}
// for each command that was refused as it should be. Ends with exit code 1, and says why, when something
// goes otherwise.

import { paramsOf } from "./shapes.mjs";
import { spec } from "./spec.mjs";

const { part, speed, timeout_s: timeoutS } = spec;

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const text = (error) =>
  error instanceof Error ? error.stack : typeof error === "symbol" ? String(error) : JSON.stringify(error);
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const heard = [];
const consumed = new Map();
const endedRooms = new Set();
const media = new Map();
const problems = [];
let waiters = [];
let room;
let newest;
let doing = "nothing yet";

function hear(type, subject) {
  if (type === "video.room.ended") {
    // One event, told to the listeners of all rooms and to those of the room.
    if (endedRooms.has(subject.id)) return;
    endedRooms.add(subject.id);
  }
  heard.push({ type, subject });
  say({ event: type, params: paramsOf(type, subject) });
  const woken = waiters;
  waiters = [];
  woken.forEach((wake) => wake());
}

const change = () => new Promise((resolve) => waiters.push(resolve));
const heardOf = (type) => heard.filter((one) => one.type === type);

async function waitFor({ event, nth }) {
  const number = nth ?? (consumed.get(event) ?? 0) + 1;
  while (heardOf(event).length < number) await change();
  consumed.set(event, Math.max(consumed.get(event) ?? 0, number));
  const { subject } = heardOf(event)[number - 1];
  if (event.startsWith("video.room.")) room = subject;
}

/** The id of the member of that name; the name itself, for the server to refuse, when there is none. */
async function memberId(name) {
  if (name === "all") return name;
  const { members } = await room.getMembers();
  return members.find((member) => member.name === name)?.id ?? name;
}

function commands(client) {
  const ofRoom = (method, ...args) => () => room[method](...args);
  const ofMember = (method, given = {}) => async ({ verb: _verb, member, ...args }) =>
    room[method]({ memberId: await memberId(member), ...args, ...given });
  const ofMedia = (method, argument) => async ({ media: name = newest, [argument]: value }) =>
    (await media.get(name))[method](...(argument === undefined ? [] : [value]));
  const starts = (method) => ({ verb, as: name = "", ...options }, refused) => {
    const starting = client.start(room, method, options);
    media.set(name, starting);
    newest = name;
    if (refused !== null) return starting;
    starting.catch((error) => problems.push(`${verb}: ${text(error)}`));
  };
  const adopts = (method) => async () => {
    const [found] = Object.values(await room[method]());
    for (const each of found.filter(({ state }) => state !== "completed")) {
      media.set(each.id, each);
      newest = each.id;
    }
  };
  return {
    connect: () => client.connect(spec),
    disconnect: () => client.disconnect(),
    listen: ({ to }) => (to === "video" ? client.listenToVideo(hear) : client.listenToRoom(room, hear)),
    get_rooms: async () => {
      const { roomSessions } = await client.getRooms();
      room = roomSessions.at(-1) ?? room;
    },
    get_room: async () => {
      ({ roomSession: room } = await client.getRoom(room.id));
    },
    get_members: ofRoom("getMembers"),
    get_layouts: ofRoom("getLayouts"),
    get_meta: ofRoom("getMeta"),
    get_recordings: adopts("getRecordings"),
    get_playbacks: adopts("getPlaybacks"),
    get_streams: adopts("getStreams"),
    start_recording: starts("startRecording"),
    play: starts("play"),
    start_stream: starts("startStream"),
    pause: ofMedia("pause"),
    resume: ofMedia("resume"),
    stop: ofMedia("stop"),
    set_volume: ofMedia("setVolume", "volume"),
    seek: ofMedia("seek", "position"),
    forward: ofMedia("forward", "offset"),
    rewind: ofMedia("rewind", "offset"),
    audio_mute: ofMember("audioMute"),
    audio_unmute: ofMember("audioUnmute"),
    video_mute: ofMember("videoMute"),
    video_unmute: ofMember("videoUnmute"),
    deaf: ofMember("deaf"),
    undeaf: ofMember("undeaf"),
    set_input_volume: ofMember("setInputVolume"),
    set_output_volume: ofMember("setOutputVolume"),
    set_input_sensitivity: ofMember("setInputSensitivity"),
    raise_hand: ofMember("setRaisedHand", { raised: true }),
    lower_hand: ofMember("setRaisedHand", { raised: false }),
    remove: ofMember("removeMember"),
    lock: ofRoom("lock"),
    unlock: ofRoom("unlock"),
    set_layout: ({ name }) => room.setLayout({ name }),
    set_meta: ({ meta }) => room.setMeta(meta),
    update_meta: ({ meta }) => room.updateMeta(meta),
    hide_video_muted: ofRoom("setHideVideoMuted", true),
    show_video_muted: ofRoom("setHideVideoMuted", false),
    prioritize_handraise: ofRoom("setPrioritizeHandraise", true),
  };
}

async function take(step, act) {
  if (step.on !== null) await waitFor(step.on);
  if (step.after_us > 0) await sleep(step.after_us / 1e6 / speed);
  for (const command of step.commands) {
    let code = null;
    try {
      await act[command.verb](command, step.refused);
    } catch (error) {
      code = error?.code;
      if (code === undefined || code !== step.refused) {
        problems.push(`${command.verb}: ${text(error)}`);
        continue;
      }
      say({ refused: command.verb, code });
    }
    if (code === null && step.refused !== null) {
      problems.push(`${command.verb}: should have been refused with ${step.refused}`);
    }
  }
}

const missing = () =>
  Object.entries(part.counts).filter(([type, count]) => heardOf(type).length < count).map(([type]) => type);

async function run(client) {
  const act = commands(client);
  for (const step of part.steps) {
    doing = JSON.stringify(step);
    await take(step, act);
  }
  while (missing().length > 0) {
    doing = `waiting for ${missing().join(", ")}`;
    await change();
  }
}

function fail(reasons) {
  process.stderr.write(`${reasons.join("\n")}\n`);
  process.exit(1);
}

export async function play(client) {
  const alarm = setTimeout(
    () => fail([...problems, `gave up after ${timeoutS} s: ${doing}`]),
    timeoutS * 1000,
  );
  try {
    await run(client);
    await client.disconnect();
  } catch (error) {
    problems.push(`${doing}: ${text(error)}`);
  }
  clearTimeout(alarm);
  if (problems.length > 0) fail(problems);
  // It ends by itself, once the server has closed its side too: all that was sent has arrived by then.
}
