// Recordings, playbacks and streams as bars on one time axis.

import { html } from "./vendor/preact.js";
import * as state from "./state.js";
import { since, span } from "./format.js";

const MOST = 60;
const SIGNS = { recording: "●", playing: "▶", streaming: "●", paused: "◫", completed: "■" };

/** The bars of the trace, with those that only the server knows, because nobody was subscribed. */
function bars() {
  state.beat.value;
  const all = [...state.conversation.value.world.bars.values()];
  const known = new Set(all.map((each) => each.id));
  for (const room of state.detail.value?.rooms ?? []) {
    for (const kind of ["recording", "playback", "stream"]) {
      for (const each of room[`${kind}s`]) {
        if (known.has(each.id)) continue;
        const running = { playback: "playing", stream: "streaming" }[kind] ?? "recording";
        const state_ = each.state === "completed" ? running : each.state;
        all.push({ ...each, kind, room: room.name, from: each.started_at, to: each.ended_at,
          parts: [{ state: state_, from: each.started_at, to: each.ended_at }] });
      }
    }
  }
  return all.sort((a, b) => a.from - b.from).slice(-MOST);
}

export function Media() {
  const all = bars();
  const { world, rows } = state.conversation.value;
  const begin = rows[0]?.time ?? Math.min(...all.map((each) => each.from));
  const now = Math.max(world.to, state.mode.value === "live" ? state.detail.value?.space.clock.now ?? 0 : 0);
  const from = Math.min(begin, ...all.map((each) => each.from));
  const to = Math.max(now, from + 1);
  const place = (time) => ((time - from) / (to - from)) * 100;
  if (!all.length) {
    return html`<section class="media" aria-label="Recordings, playbacks and streams">
      <p class="none">No recording, playback or stream yet.</p></section>`;
  }
  const ticks = [0, 1, 2, 3, 4].map((each) => from + ((to - from) * each) / 4);
  return html`<section class="media" aria-label="Recordings, playbacks and streams">
    <div class="axis" aria-hidden="true"><span></span><div>${ticks.map((time) => html`
      <i style=${{ left: `${place(time)}%` }}>${since(time, begin)}</i>`)}</div><span></span></div>
    ${all.map((bar) => html`<${Bar} key=${bar.id} bar=${bar} place=${place} end=${to} />`)}
  </section>`;
}

function Bar({ bar, place, end }) {
  const until = bar.to ?? end;
  const ran = bar.parts.filter((part) => part.state !== "paused")
    .reduce((sum, part) => sum + (part.to ?? until) - part.from, 0);
  const paused = bar.parts.filter((part) => part.state === "paused");
  const story = `${bar.kind} in ${bar.room}, ${bar.state}, ${span(bar.duration ?? ran)}`
    + (paused.length ? `, paused ${paused.length === 1 ? "once" : `${paused.length} times`}` : "");
  return html`<button class="bar" title=${bar.url ?? bar.id}
    onClick=${() => bar.n && state.select(bar.n)}>
    <span class="told">${story}</span>
    <span class="what" aria-hidden="true">${bar.kind} <em>${bar.room}</em></span>
    <div class="track" aria-hidden="true">${bar.parts.map((part) => html`<i class=${part.state} style=${{
      left: `${place(part.from)}%`,
      width: `${Math.max(0.3, place(part.to ?? until) - place(part.from))}%`,
    }}>${part.state === "paused" ? "paused" : ""}</i>`)}</div>
    <span class="long" aria-hidden="true">${SIGNS[bar.state] ?? ""} ${bar.state} ${span(bar.duration ?? ran)}</span>
  </button>`;
}
