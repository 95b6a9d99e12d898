// The rooms: who is in them and how they are, and their picture.

import { computed, html } from "./vendor/preact.js";
import * as state from "./state.js";

const FLAGS = [
  ["audio_muted", "muted"], ["video_muted", "no video"], ["deaf", "deaf"], ["handraised", "hand up"],
  ["talking", "talking"],
];

/** The rooms as the server says, with those that only the trace knows; newest first. */
const rooms = computed(() => {
  state.beat.value;
  const told = state.conversation.value.world.rooms;
  const live = (state.detail.value?.rooms ?? []).map((each) => ({
    id: each.id, name: each.name, ended: each.ended, properties: each.properties,
    recording: each.recording, streaming: each.streaming, audience: each.audience,
    layout: each.layout ?? told.get(each.id)?.layout,
    people: each.members.map(({ properties, ...rest }) => ({ ...properties, ...rest })),
  }));
  const there = new Set(live.map((each) => each.id));
  const past = [...told.values()].filter((each) => !there.has(each.id)).map((each) => ({
    ...each, people: [...each.people.values()], ended: each.ended || state.mode.value === "live",
    recording: !each.ended && state.mode.value === "saved" && [...state.conversation.value.world.bars.values()].some((bar) => bar.kind === "recording"
      && bar.room === each.name && bar.state !== "completed"),
  }));
  return [...live.reverse(), ...past.reverse()];
});

export function Rooms() {
  const live = state.mode.value === "live";
  return html`<section class="rooms" aria-label="Rooms">
    <h2>Rooms ${live && html`<button onClick=${() => state.use("start_room")}>+ room</button>`}</h2>
    ${!rooms.value.length && html`<p class="none">No room is running.</p>`}
    ${rooms.value.slice(0, 40).map((each) => html`<${Room} key=${each.id} room=${each} live=${live} />`)}
  </section>`;
}

function Room({ room, live }) {
  const { properties: its = {} } = room;
  const chosen = state.filter.value.room === room.id;
  const act = (verb, more) => () => state.use(verb, { room: room.name, ...more });
  return html`<div class=${room.ended ? "room over" : "room"}>
    <h3><button class="plain" aria-pressed=${chosen} title="Show only this room's frames"
      onClick=${() => {
        state.filter.value = { ...state.filter.value, room: chosen ? "" : room.id };
      }}>${room.name}</button>
      ${room.recording && html`<span class="chip rec">● rec</span>`}
      ${room.streaming && html`<span class="chip">stream</span>`}
      ${its.locked && html`<span class="chip">locked</span>`}
      ${room.ended && html`<span class="chip">ended</span>`}
    </h3>
    ${!room.ended && html`<${Picture} layout=${room.layout} people=${room.people} />`}
    <ul class="people">${room.people.map((each) => html`<li key=${each.id}>
      <b>${each.name ?? each.id?.slice(0, 8)}</b>
      ${FLAGS.filter(([key]) => each[key]).map(([key, word]) => html`<span class=${`chip ${key}`}>${word}</span>`)}
      ${live && !room.ended && html`<button class="more" aria-label=${`Act on ${each.name}`}
        onClick=${act("", { name: each.name, people: true })}>…</button>`}
    </li>`)}</ul>
    ${room.audience > 0 && html`<p class="dim">${room.audience} in the audience</p>`}
    ${live && !room.ended && html`<p class="acts">
      <button onClick=${act("join")}>join</button>
      <button onClick=${act("start_recording")}>record</button>
      ${room.recording && html`<button onClick=${act("pause_recording")}>pause</button>
        <button onClick=${act("resume_recording")}>resume</button>
        <button onClick=${act("stop_recording")}>stop</button>`}
      <button onClick=${act("end_room")}>end</button></p>`}
  </div>`;
}

/** The layout, drawn: each layer where it is, with who is seen there. */
function Picture({ layout, people }) {
  if (!layout?.layers?.length) return null;
  const names = new Map(people.map((each) => [each.id, each.name]));
  const percent = (value) => `${value}%`;
  const layers = layout.layers.filter((each) => each.member_id);
  const text = layers.map((each) => `${names.get(each.member_id) ?? "somebody"} at ${each.position}`);
  return html`<figure><div class="picture" role="img" aria-label=${`Layout ${layout.name}: ${text.join(", ")}`}>
    ${layout.layers.map((each) => html`<span class=${each.member_id ? "taken" : ""} style=${{
      left: percent(each.x), top: percent(each.y), width: percent(each.width),
      height: percent(each.height), zIndex: each.z_index,
    }}>${names.get(each.member_id) ?? ""}</span>`)}</div>
    <figcaption>${layout.name}</figcaption></figure>`;
}
