// What the page shows: signals, and what keeps them up to date.

import { batch, computed, effect, signal, untracked } from "./vendor/preact.js";
import * as api from "./api.js";
import { follow } from "./feed.js";
import { Conversation, Shown, readTrace } from "./model.js";

const PAGE = 1000; // frames per request
const JUDGE_MS = 500; // the contract is asked about no more often than this
const POLL_MS = 1000; // how often a browser without shared workers looks

/** "live", or "saved" for a file or a report: then nothing is asked of a server. */
export const mode = signal("live");
export const online = signal(true);
export const fixed = signal(false); // a report: there is no server to go back to
export const locked = signal(false); // the server wants a token that we do not have
export const spaces = signal([]);
export const open = signal("");
export const conversation = signal(new Conversation());
export const beat = signal(0); // grows once per animation frame in which frames came
export const detail = signal(null); // rooms, sessions and what comes next, as the server says
export const violations = signal([]);
export const judged = signal(false);
export const rules = signal([]);
export const scenarios = signal([]);
export const selected = signal(null);
export const filter = signal({ text: "", session: "", room: "", method: "", quiet: false });
export const panel = signal("frame");
export const view = signal("lanes"); // which part a narrow screen shows
export const notice = signal(null);
export const hand = signal(null); // the form that is open, with what is known already

export const space = computed(() => spaces.value.find((each) => each.name === open.value) ?? null);
export const shown = computed(() => new Shown(conversation.value, filter.value));
export const broken = computed(() => {
  const found = new Map();
  for (const each of violations.value) {
    for (const n of each.frames) found.set(n, [...(found.get(n) ?? []), each]);
  }
  return found;
});
export const row = computed(() => {
  beat.value;
  return conversation.value.byNumber.get(selected.value) ?? null;
});

/** Selects a frame and shows it. */
export function select(n) {
  batch(() => {
    selected.value = n;
    if (n !== null) panel.value = "frame";
  });
}

/** Tells what went wrong, or well, for a moment. */
export function say(text, bad = false) {
  notice.value = { text, bad };
}

/** Does something with the server and tells when it fails. Returns whether it went well. */
export async function attempt(work, done) {
  try {
    await work();
    if (done) say(done);
    return true;
  } catch (error) {
    say(error.message, true);
    return false;
  }
}

// The address: what is open, filtered and selected.

const WORDS = ["text", "session", "room", "method"];

/** Clients connect to /space/NAME; a browser that is sent there sees that space. */
function spaceOfPath() {
  const found = /^\/space\/([^/]+)\/?$/.exec(location.pathname);
  return found && decodeURIComponent(found[1]);
}

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  if (words.has("token")) {
    api.keepToken(words.get("token"));
    words.delete("token");
    history.replaceState(null, "", `#${words}`);
  }
  batch(() => {
    if (mode.value === "live") open.value = words.get("space") ?? spaceOfPath() ?? open.value;
    filter.value = { ...Object.fromEntries(WORDS.map((each) => [each, words.get(each) ?? ""])),
      quiet: words.has("quiet") };
    selected.value = words.has("n") ? Number(words.get("n")) : null;
    panel.value = words.get("panel") ?? "frame";
  });
}

function writeAddress() {
  const words = new URLSearchParams();
  if (open.value) words.set("space", open.value);
  for (const each of WORDS) if (filter.value[each]) words.set(each, filter.value[each]);
  if (filter.value.quiet) words.set("quiet", "");
  if (panel.value !== "frame") words.set("panel", panel.value);
  if (selected.value !== null) words.set("n", selected.value);
  const hash = words.size ? `#${words}` : "";
  if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
}

// The open space

let reading = null; // what is being read, so that nothing is read twice at once
let again = false;
let play = null;
let judging = 0;
let asked = false;

function start(name) {
  batch(() => {
    conversation.value = new Conversation();
    detail.value = null;
    violations.value = [];
    judged.value = false;
  });
  play = null;
  if (spaces.value.some((each) => each.name === name)) refresh();
}

/** Reads what is new in the open space. */
function refresh() {
  if (reading) {
    again = true;
    return;
  }
  reading = read(open.value, conversation.value).catch((error) => {
    if (error.status !== 404) say(error.message, true);
  }).finally(() => {
    reading = null;
    if (again) {
      again = false;
      refresh();
    }
  });
}

async function read(name, into) {
  const now = await api.get(api.space(name, "/state"));
  if (name !== open.value) return;
  const { serial, last_frame } = now.space;
  if (play !== null && serial !== play) {
    // The space began again, and its frames are counted from 1 again.
    start(name);
    again = true;
    return;
  }
  play = serial;
  detail.value = now;
  while (name === open.value && into === conversation.value && into.last < last_frame) {
    const query = `?format=jsonl&after=${into.last}&limit=${PAGE}`;
    const entries = readTrace(await api.text(api.space(name, `/trace${query}`)));
    if (into !== conversation.value || !entries.length) return;
    into.dropped += entries[0].n - into.last - 1;
    for (const entry of entries) into.add(entry);
    soon();
  }
  judgeSoon();
}

/** Grows the picture once in the next animation frame, however much came. */
function soon() {
  if (asked) return;
  asked = true;
  const draw = () => {
    asked = false;
    clearTimeout(timer);
    beat.value += 1;
  };
  requestAnimationFrame(() => asked && draw());
  // A tab in the background draws no frames; its numbers should be right nevertheless.
  const timer = setTimeout(() => asked && draw(), 500);
}

function judgeSoon() {
  if (judging) return;
  judging = setTimeout(async () => {
    const name = open.value;
    const last = conversation.value.last;
    try {
      const found = await api.get(api.space(name, "/violations"));
      if (name !== open.value) return;
      batch(() => {
        violations.value = found.violations;
        judged.value = true;
      });
    } catch (error) {
      if (error.status !== 404) say(error.message, true);
    } finally {
      judging = 0;
    }
    if (conversation.value.last > last) judgeSoon();
  }, JUDGE_MS);
}

// The stream of changes

function told(message) {
  batch(() => {
    if ("online" in message) {
      const back = message.online && !online.value;
      online.value = message.online;
      locked.value = message.status === 401;
      if (back) start(open.value);
    }
    if (message.spaces || message.gone) {
      const at = performance.now();
      const known = new Map(message.all ? [] : spaces.value.map((each) => [each.name, each]));
      for (const each of message.spaces ?? []) known.set(each.name, { ...each, at });
      for (const each of message.gone ?? []) known.delete(each);
      spaces.value = [...known.values()];
      if (!open.value && spaces.value.length) open.value = spaces.value[0].name;
      if (known.has(open.value) && (message.all || message.spaces?.some((each) => each.name === open.value))) refresh();
    }
  });
}

function listen() {
  if (typeof SharedWorker === "undefined") {
    setInterval(poll, POLL_MS);
    poll();
    return;
  }
  const url = "/__page__/worker.js";
  // The address is our own, but a browser that checks such things wants it said by a policy.
  const policy = globalThis.trustedTypes?.createPolicy("page", { createScriptURL: (same) => same });
  const trusted = policy ? policy.createScriptURL(url) : url;
  const { port } = new SharedWorker(trusted, { type: "module" });
  port.onmessage = ({ data }) => told(data);
  port.postMessage({ token: api.token() });
  addEventListener("pagehide", () => port.postMessage("bye"));
}

async function poll() {
  try {
    const { spaces: all } = await api.get("/spaces");
    told({ online: true, spaces: all, all: true });
  } catch (error) {
    told({ online: false, status: error.status ?? 0 });
  }
}

/** Takes a token that somebody typed, and begins again with it. */
export function unlock(given) {
  api.keepToken(given);
  location.reload();
}

/** Opens a saved trace that somebody has brought, and has the server judge it. */
export async function bringTrace(name, text) {
  openTrace(name, text);
  const brought = conversation.value;
  const found = await api.send("POST", "/violations", text);
  if (brought !== conversation.value) return;
  batch(() => {
    violations.value = found.violations;
    judged.value = true;
  });
}

function openTrace(name, text) {
  const entries = readTrace(text);
  const read = new Conversation();
  for (const entry of entries) read.add(entry);
  batch(() => {
    mode.value = "saved";
    open.value = name;
    conversation.value = read;
    detail.value = null;
    violations.value = [];
    judged.value = false;
    selected.value = null;
    filter.value = { text: "", session: "", room: "", method: "", quiet: false };
    beat.value += 1;
  });
}

/** Back from a saved trace to the server. */
export function leaveTrace() {
  location.hash = "";
  location.reload();
}

/** Begins: from the data of a report, or from the server. */
export function begin(report) {
  if (report) {
    openTrace(report.name, report.trace);
    batch(() => {
      violations.value = report.violations;
      rules.value = report.rules;
      fixed.value = true;
      judged.value = true;
    });
    readAddress();
    effect(writeAddress);
    return;
  }
  readAddress();
  addEventListener("hashchange", readAddress);
  effect(writeAddress);
  effect(() => {
    const name = open.value;
    if (mode.value === "live") untracked(() => start(name));
  });
  listen();
  api.get("/rules").then((found) => { rules.value = found.rules; }, () => {});
  api.get("/scenarios").then((found) => { scenarios.value = found.scenarios; }, () => {});
}

/** Opens the form of an action, with what is known of its fields. */
export function use(verb, known = {}) {
  batch(() => {
    hand.value = { verb, known };
    panel.value = "hands";
    view.value = "side";
  });
}

/** Shows a panel beside the conversation. */
export function show(name) {
  batch(() => {
    panel.value = name;
    view.value = "side";
  });
}

/** Opens another space. */
export function choose(name) {
  batch(() => {
    open.value = name;
    selected.value = null;
    filter.value = { text: "", session: "", room: "", method: "", quiet: false };
  });
}
