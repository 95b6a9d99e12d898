// What a trace holds, worked out once per frame: rows of the diagram, rooms and media.
// Nothing here knows the browser's document or the server.

const FAINT = new Set(["ack", "ping"]);
const MEDIA = ["recording", "playback", "stream"];
const GAP_S = 1; // a silence of this many seconds is drawn as one

/** The part of a frame that its own schema describes: params, result, error or event params. */
export function payload(row) {
  const frame = row.entry.frame;
  if (!frame) return row.entry.text;
  if (row.kind === "event") return frame.params.params;
  return frame.params ?? frame.result ?? frame.error;
}

/** The name of the schema of that part, such as "events/video.room.started"; "" for none. */
export function schemaName(row) {
  if (row.kind === "event") return `events/${row.name}`;
  if (row.kind === "call" || (row.kind === "ping" && !row.call)) return `calls/${row.name}`;
  if (row.refused) return row.entry.frame.error ? "" : "objects/refusal";
  if (row.kind === "answer" || row.kind === "ping") return `results/${row.name}`;
  return "";
}

function describe(row) {
  const body = payload(row);
  if (!body || typeof body !== "object") return "";
  if (row.refused) return `${body.code} ${body.message ?? ""}`;
  if (row.kind === "call" && body.event_channel) return body.event_channel;
  if (row.kind === "call" && body.authentication) return `project ${body.authentication.project ?? ""}`;
  if (row.kind === "answer") return body.code ?? "";
  for (const kind of MEDIA) {
    if (body[kind]?.state) return `${body[kind].state}${seconds(body[kind].duration)}`;
  }
  if (row.name === "video.member.talking") return body.member?.talking ? "talking" : "silent";
  if (body.member?.name) return body.member.name;
  if (body.member?.updated) return body.member.updated.join(", ");
  return body.layout?.name ?? body.room_session?.display_name ?? body.room_session?.name ?? "";
}

function seconds(value) {
  return value === undefined ? "" : ` after ${value} s`;
}

function kindOf(frame) {
  if (!frame) return "junk";
  if (frame.method === "signalwire.event" && frame.params?.event_type) return "event";
  if (frame.method === "signalwire.ping") return "ping";
  if (frame.method) return "call";
  return "result" in frame || "error" in frame ? "answer" : "junk";
}

/** A trace as it grows. Frames are added in their order; nothing is ever worked out twice. */
export class Conversation {
  constructor() {
    this.rows = [];
    this.byNumber = new Map();
    this.sessions = []; // names of lanes, in the order in which they appeared
    this.methods = new Set();
    this.dropped = 0;
    this.last = 0;
    this.world = new World();
    this.open = new Map(); // what waits for an answer
    this.busy = []; // which places beside the service's line are taken, so that bars do not overlap
  }

  add(entry) {
    const { n, time, session, direction, frame } = entry;
    const row = {
      entry, n, time, session, kind: kindOf(frame), out: direction === "to_server",
      name: "", label: "", about: "", room: null, call: null, answer: null, slot: 0, refused: false,
    };
    if (session && !this.sessions.includes(session)) this.sessions.push(session);
    const body = frame?.params;
    if (row.kind === "event") row.name = body.event_type;
    else if (frame?.method) row.name = String(frame.method);
    else if (row.kind === "answer") this.join(row);
    row.label = row.name.replace(/^(video|signalwire)\./, "") || (frame ? "?" : "no JSON");
    if (row.kind === "ack") row.label = "acknowledged";
    const inner = row.kind === "event" ? body.params : body;
    row.room = inner?.room_session_id ?? inner?.room_session?.id ?? row.call?.room ?? null;
    row.about = String(describe(row));
    row.faint = FAINT.has(row.kind);
    if (frame?.method && frame.id !== undefined) this.await(row);
    if (row.name) this.methods.add(row.name);
    this.rows.push(row);
    this.byNumber.set(n, row);
    this.last = Math.max(this.last, n);
    this.world.see(row);
    return row;
  }

  await(row) {
    if (row.kind === "call") {
      row.slot = this.busy.indexOf(false);
      if (row.slot < 0) row.slot = this.busy.length;
      this.busy[row.slot] = true;
    }
    this.open.set(`${row.session}|${row.out}|${row.entry.frame.id}`, row);
  }

  join(row) {
    const { id, result, error } = row.entry.frame;
    const rest = `|${!row.out}|${id}`;
    // The first call of a connection comes before there is a session, and its answer after.
    const key = this.open.has(row.session + rest) ? row.session + rest : "null" + rest;
    const call = this.open.get(key);
    row.refused = error !== undefined || /^[^2]/.test(result?.code ?? "");
    if (!call) return;
    this.open.delete(key);
    row.call = call;
    row.name = call.name;
    call.answer = row;
    call.session ??= row.session;
    if (call.kind === "event") row.kind = "ack";
    else if (call.kind === "ping") row.kind = "ping";
    else this.busy[call.slot] = false;
  }
}

/** Rooms and media as the events of a trace tell them. Times are unix seconds. */
class World {
  constructor() {
    this.rooms = new Map();
    this.bars = new Map();
    this.seen = new Set();
    this.from = Infinity;
    this.to = -Infinity;
  }

  see(row) {
    this.from = Math.min(this.from, row.time);
    this.to = Math.max(this.to, row.time);
    if (row.kind !== "event") return;
    const { id, params } = row.entry.frame;
    if (this.seen.has(id)) return; // the same event, sent to another session
    this.seen.add(id);
    const at = typeof params.timestamp === "number" ? params.timestamp : row.time;
    this.tell(row, params.params ?? {}, at);
  }

  tell(row, body, at) {
    const [, subject, verb] = row.name.split(".");
    const room = row.room ? this.room(row.room) : null;
    if (room && body.room_session) {
      const { members, recordings, playbacks, streams, ...rest } = body.room_session;
      Object.assign(room, { name: rest.name ?? room.name, properties: { ...room.properties, ...rest } });
      for (const member of members ?? []) room.people.set(member.id, { ...member });
    }
    if (row.name === "video.room.ended" && room) Object.assign(room, { ended: true, endedAt: at });
    if (subject === "layout" && room && body.layout) room.layout = body.layout;
    if (subject === "member" && room && body.member) {
      const { id } = body.member;
      if (verb === "left") room.people.delete(id);
      else room.people.set(id, { ...room.people.get(id), ...body.member });
    }
    if (MEDIA.includes(subject) && body[subject]) this.move(subject, body[subject], room, at, row);
  }

  room(id) {
    let room = this.rooms.get(id);
    if (!room) {
      room = { id, name: id.slice(0, 8), people: new Map(), layout: null, ended: false, properties: {} };
      this.rooms.set(id, room);
    }
    return room;
  }

  move(kind, media, room, at, row) {
    let bar = this.bars.get(media.id);
    if (!bar) {
      bar = { id: media.id, kind, room: room?.name ?? "", url: media.url, parts: [], n: row.n };
      bar.from = media.started_at ?? at;
      this.bars.set(media.id, bar);
    }
    const last = bar.parts.at(-1);
    if (last && last.to === null && last.state !== media.state) last.to = at;
    if (media.state === "completed") {
      bar.to = media.ended_at ?? at;
      if (last) last.to = Math.min(last.to ?? bar.to, bar.to);
      bar.duration = media.duration;
    } else if (last?.state !== media.state) {
      bar.parts.push({ state: media.state, from: last ? at : bar.from, to: null });
    }
    bar.state = media.state;
  }
}

/** Whether a row passes the filter; `text` is looked for in the whole frame. */
export function passes(row, filter) {
  if (filter.quiet && row.faint) return false;
  if (filter.session && row.session !== filter.session) return false;
  if (filter.room && row.room !== filter.room) return false;
  if (filter.method && row.name !== filter.method) return false;
  if (!filter.text) return true;
  row.text ??= `#${row.n} ${row.name} ${JSON.stringify(row.entry.frame ?? row.entry.text)}`.toLowerCase();
  return row.text.includes(filter.text);
}

/** The rows that are shown, with the silences between them, and the bars that join calls to answers. */
export class Shown {
  constructor(conversation, filter) {
    this.conversation = conversation;
    this.filter = filter;
    this.items = [];
    this.place = new Map(); // number of a frame -> its place in items
    this.spans = [];
    this.done = 0;
    this.grow();
  }

  /** Takes up what the conversation got since; returns how many rows are new. */
  grow() {
    const { rows } = this.conversation;
    const before = this.items.length;
    for (; this.done < rows.length; this.done += 1) {
      const row = rows[this.done];
      if (!passes(row, this.filter)) continue;
      const last = this.items.at(-1);
      if (last && row.time - last.time >= GAP_S) {
        this.items.push({ gap: row.time - last.time, time: row.time });
      }
      const at = this.items.push(row) - 1;
      this.place.set(row.n, at);
      if (row.kind === "answer" && row.call && this.place.has(row.call.n)) {
        this.spans.push({ from: this.place.get(row.call.n), to: at, slot: row.call.slot });
      }
    }
    return this.items.length - before;
  }
}

/** Reads a saved trace: JSON lines. Throws an Error that names the line. */
export function readTrace(text) {
  const entries = [];
  text.split("\n").forEach((line, index) => {
    if (!line.trim()) return;
    let entry;
    try {
      entry = JSON.parse(line);
    } catch (error) {
      throw new Error(`line ${index + 1} is not JSON: ${error.message}`);
    }
    if (typeof entry?.n !== "number" || !entry.direction) {
      throw new Error(`line ${index + 1} is not an entry of a trace: n and direction are missing`);
    }
    entries.push(entry);
  });
  return entries;
}
