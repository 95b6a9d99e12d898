// Plays the cases of cases.yaml with one of the vendor's clients, which it knows by an adapter:
//
//   connect({host, project, token})     a client, connected
//   video(client), disconnect(client)
//   listeners(class, events, hear)      what `listen` (4.x) or `on` (3.x) of that class is given to hear them
//   call(object, method, arguments)     the method, called
//   started(returned, kind)             the object that what `play`, … returned is about
//   findRoom(client)                    the first room that starts
//   follow(room, listeners)             listens to the room; kept once the service has agreed
//   hearAll(client, ofVideo, ofRoom)    listens to all rooms, and to each that starts
//
// Each case has clients and a project of its own, so that several can be played at a time. Prints one JSON
// object per case: {"case", "values", "gave", "heard", "heardItself"}, and "error" when it went wrong; and
// before them, when asked for, {"names", "events"}: the functions that the client's objects have, and the
// events that their listeners can be named for.

import { paramsOf, plain } from "./shapes.mjs";
import { spec } from "./spec.mjs";

const AT_A_TIME = 8;
const URLS = { playback: "https://example.com/tune.mp3", stream: "rtmp://example.com/out" };
const KINDS = {
  RoomSessionPlayback: "playback",
  RoomSessionRecording: "recording",
  RoomSessionStream: "stream",
};
const STARTS = { play: "playback", startRecording: "recording", startStream: "stream" };

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const text = (error) => (error instanceof Error ? error.stack : JSON.stringify(error));

function fits(wanted, found) {
  if (wanted === null || typeof wanted !== "object") return wanted === found;
  if (found === null || typeof found !== "object") return false;
  return Object.entries(wanted).every(([key, each]) => key in found && fits(each, found[key]));
}

/** What listeners were told, in order, and a way to wait for it. */
class Heard {
  all = [];
  #wake = () => {};

  /** A function that notes events of this class. */
  of(className) {
    return (event, subject) => {
      const type = event === "room.audienceCount" ? "video.room.audience_count" : `video.${event}`;
      this.all.push([className, event, paramsOf(type, subject)]);
      this.#wake();
    };
  }

  missing(wanted, from) {
    return wanted.filter((one) => !this.all.slice(from).some((each) => fits(one, each)));
  }

  async until(wanted, from) {
    while (this.missing(wanted(), from).length > 0) await new Promise((resolve) => (this.#wake = resolve));
  }
}

class Play {
  heard = new Heard();
  itself = new Heard();
  values = {};
  from = 0;
  #adapter;
  #case;
  #clients = [];
  #objects = {};

  constructor(adapter, one) {
    this.#adapter = adapter;
    this.#case = one;
  }

  async run() {
    const one = this.#case;
    if (one.service !== undefined) return this.#listenToTheService();
    await this.#prepare();
    for (const step of one.given) await this.#step(step);
    this.from = this.heard.all.length;
    // Copied at once: what comes after may change the object.
    const gave = plain(await this.#call(one.of, one.call, one.with));
    for (const step of one.then) await this.#step(step);
    await this.heard.until(() => this.resolved(one.hears), this.from);
    await this.itself.until(() => this.resolved(one.hears_itself), 0);
    return gave;
  }

  async disconnect() {
    for (const client of this.#clients) await this.#adapter.disconnect(client);
  }

  /** The value with ids of this run for $room and the like. */
  resolved(value) {
    if (typeof value === "string" && value.startsWith("$")) {
      const [word, className] = value.slice(1).split(".");
      if (word !== "listeners") return this.values[word] ?? value;
      return this.#adapter.listeners(className, spec.events[className], this.itself.of(className));
    }
    if (Array.isArray(value)) return value.map((each) => this.resolved(each));
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, each]) => [this.resolved(key), this.resolved(each)]));
  }

  /** The functions that the objects have, which are all there then. */
  async names() {
    await this.#prepare();
    const classes = ["Video", "RoomSession", "RoomSessionMember", ...Object.keys(KINDS)];
    const objects = [];
    for (const className of classes) objects.push(await this.#object(className));
    const each = (read) => Object.fromEntries(classes.map((name, index) => [name, read(objects[index])]));
    return { names: each(functionsOf), events: each(({ _eventMap: events }) => Object.values(events ?? {})) };
  }

  async #prepare() {
    const { setup } = this.#case;
    const client = await this.#connect();
    this.#objects.Video = this.#adapter.video(client);
    if (setup !== "connected") await this.#findRoom(client);
    if (setup === "both") await this.#haveItHeard();
  }

  async #connect() {
    const { host } = spec;
    const client = await this.#adapter.connect({ host, project: this.#case.project, token: "any" });
    this.#clients.push(client);
    return client;
  }

  async #findRoom(client) {
    const room = await this.#adapter.findRoom(client);
    this.#objects.RoomSession = room;
    this.values.room = room.id;
    this.values.channel = room.eventChannel;
  }

  async #haveItHeard() {
    const { RoomSession: room } = this.#objects;
    const listeners = (hear) => this.#adapter.listeners("RoomSession", spec.events.RoomSession, hear);
    // Promises of the 4.x client live on the events that its room listens to.
    await this.#adapter.follow(room, listeners(() => {}));
    const { members } = await room.getMembers();
    this.#objects.RoomSessionMember = members[0];
    [this.values.member, this.values.second] = members.map(({ id }) => id);
    const other = this.#adapter.video(await this.#connect());
    const { roomSession } = await other.getRoomSessionById(room.id);
    await this.#adapter.follow(roomSession, listeners(this.heard.of("RoomSession")));
  }

  async #listenToTheService() {
    const { heard } = this;
    const listeners = (name) => this.#adapter.listeners(name, spec.events[name], heard.of(name));
    await this.#adapter.hearAll(await this.#connect(), listeners("Video"), () => listeners("RoomSession"));
    await heard.until(() => this.#case.hears, 0);
  }

  async #step([className, method, ...args]) {
    await this.#call(className, method, args);
  }

  async #call(className, method, args) {
    const subject = await this.#object(className);
    const returned = this.#adapter.call(subject, method, this.resolved(args));
    const kind = STARTS[method];
    if (kind === undefined) return returned;
    const started = await this.#adapter.started(returned, kind);
    this.values[kind] = started.id;
    const [name] = Object.entries(KINDS).find(([, each]) => each === kind);
    this.#objects[name] = started;
    return started;
  }

  /** The object of this class; what runs in a room is started when it is not there. */
  async #object(className) {
    const kind = KINDS[className];
    if (kind !== undefined && this.#objects[className] === undefined) {
      const [method] = Object.entries(STARTS).find(([, each]) => each === kind);
      await this.#call("RoomSession", method, kind in URLS ? [{ url: URLS[kind] }] : []);
    }
    return this.#objects[className];
  }
}

function functionsOf(object) {
  const names = new Set();
  for (let each = object; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(each))) {
      if (typeof value === "function" && !name.startsWith("_")) names.add(name);
    }
  }
  // The 3.x client answers for this one without having it.
  if (typeof object.disconnect === "function") names.add("disconnect");
  return [...names].sort();
}

function inTime(promise) {
  let alarm;
  const late = new Promise((_resolve, reject) => {
    const error = new Error(`gave up after ${spec.timeout_s} s`);
    alarm = setTimeout(() => reject(error), spec.timeout_s * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(alarm));
}

async function play(adapter, one) {
  const playing = new Play(adapter, one);
  const line = { case: one.id };
  try {
    line.gave = (await inTime(playing.run())) ?? null;
  } catch (error) {
    line.error = text(error);
    line.missing = [
      ...playing.heard.missing(playing.resolved(one.hears), playing.from),
      ...playing.itself.missing(playing.resolved(one.hears_itself), 0),
    ];
  }
  await playing.disconnect().catch((error) => (line.error ??= text(error)));
  const { values, heard, itself, from } = playing;
  say({ ...line, values, heard: heard.all.slice(from), heardItself: itself.all });
}

export async function playCases(adapter) {
  if (spec.named !== undefined) {
    const named = new Play(adapter, spec.named);
    say(await inTime(named.names()));
    await named.disconnect();
  }
  const coming = [...spec.cases];
  const workers = Array.from({ length: AT_A_TIME }, async () => {
    for (let one = coming.shift(); one !== undefined; one = coming.shift()) await play(adapter, one);
  });
  await Promise.all(workers);
}
