// The bar at the top: which space, its scenario and clock, the verdict, the filter.

import { html, useEffect, useState } from "./vendor/preact.js";
import * as api from "./api.js";
import * as state from "./state.js";
import { verdict } from "./contract.js";
import { clock as time, count, span } from "./format.js";

const SPEEDS = [0.1, 1, 2, 10, 60];

export function Top() {
  const live = state.mode.value === "live";
  return html`<header class="top">
    <h1>Mock SignalWire server</h1>
    <${Spaces} live=${live} />
    ${live && state.space.value && html`<${Scenario} /><${Clock} />`}
    <button class=${`verdict ${state.violations.value.length ? "bad" : "good"}`}
      onClick=${() => state.show("contract")}>${verdict()}</button>
    <${Filter} />
    <button class="help" aria-label="Keys" onClick=${help}>?</button>
  </header>`;
}

function Spaces({ live }) {
  if (!live) {
    return html`<strong class="saved" title="A saved trace">▤ ${state.open.value}</strong>
      ${!state.fixed.value && html`<button onClick=${state.leaveTrace}>back</button>`}`;
  }
  const spaces = state.spaces.value;
  return html`<div class="spaces">
    <button popovertarget="spaces" title="Spaces"><b>${state.open.value || "no space"}</b>
      <span aria-hidden="true"> ▾</span></button>
    <div popover id="spaces" class="menu">
      <h2>Spaces</h2>
      ${!spaces.length && html`<p class="none">None yet. The first client makes one.</p>`}
      ${spaces.map((each) => html`<button key=${each.name} aria-current=${each.name === state.open.value}
        onClick=${() => {
          state.choose(each.name);
          document.getElementById("spaces").hidePopover();
        }}><b>${each.name}</b> <span>${each.scenario}</span>
        <span class="dim">${count(each.sessions, "session")}, ${count(each.rooms, "room")},
          ${" "}${count(each.frames, "frame")}</span>
        <span class="dim">${each.clock.kind} clock${each.clock.paused ? ", paused" : ""},
          ${" "}${time(each.clock.now)}</span>
        <span>${each.violations ? `✗ ${count(each.violations, "violation")}`
          : each.violations === 0 ? "✓ rules hold" : "not judged yet"}</span>
      </button>`)}
      <button class="main" onClick=${() => {
        document.getElementById("spaces").hidePopover();
        state.show("hands");
      }}>New space …</button>
    </div></div>`;
}

function Scenario() {
  const { name, scenario } = state.space.value;
  const names = ["none", ...state.scenarios.value.map((each) => each.name)];
  if (!names.includes(scenario)) names.push(scenario);
  const reset = (body, done) => state.attempt(() => api.send("POST", api.space(name, "/reset"), body), done);
  return html`<span class="scenario"><select aria-label="Scenario" value=${scenario}
      onInput=${(event) => reset({ scenario: event.target.value }, `${name} begins again with ${event.target.value}`)}>
      ${names.map((each) => html`<option value=${each}>${each}</option>`)}</select>
    <button title="End the space and begin it again" onClick=${() => reset({}, `${name} begins again`)}>reset</button></span>`;
}

/** The space's time now: a real clock goes on between two messages. */
function useNow() {
  const { clock, at } = state.space.value;
  const [, again] = useState(0);
  const runs = clock.kind === "real" && !clock.paused;
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(() => again((n) => n + 1), 200);
    return () => clearInterval(timer);
  }, [runs]);
  return runs ? clock.now + ((performance.now() - at) / 1000) * clock.speed : clock.now;
}

function Clock() {
  const { name, clock } = state.space.value;
  const now = useNow();
  const stands = clock.kind === "manual" || clock.paused;
  const send = (path, body, method = "POST") => () => state.attempt(
    () => api.send(method, api.space(name, `/clock/${path}`), body));
  const due = clock.next_in_s === null ? null : Math.max(0, clock.next_in_s - (now - clock.now));
  return html`<span class="clock" role="group" aria-label="Clock">
    <time title=${`${clock.kind} clock, UTC`}>${time(now).slice(0, stands ? 12 : 10)}</time>
    ${clock.kind === "real" && html`<button title=${clock.paused ? "Let the clock run" : "Pause the clock"}
      onClick=${send(clock.paused ? "resume" : "pause")}>${clock.paused ? "run" : "pause"}</button>`}
    ${stands && html`<button onClick=${send("advance", { by: 1 })}>+1 s</button>
      <button onClick=${send("advance", { by: 60 })}>+60 s</button>
      <button disabled=${due === null} title="To the next thing that the space has to do"
        onClick=${send("advance", { by: due ?? 0 })}>next${due === null ? "" : ` (${span(due)})`}</button>`}
    ${!stands && html`<select aria-label="Speed" value=${clock.speed}
      onInput=${(event) => send("speed", { speed: Number(event.target.value) }, "PUT")()}>
      ${[...new Set([...SPEEDS, clock.speed])].map((each) => html`<option value=${each}>×${each}</option>`)}</select>`}
  </span>`;
}

function Filter() {
  state.beat.value;
  const filter = state.filter.value;
  const { methods, sessions, world } = state.conversation.value;
  const set = (change) => { state.filter.value = { ...filter, ...change }; };
  const rooms = new Map([...world.rooms.values()].map((each) => [each.id, each.name]));
  const choice = (key, label, options) => options.length > 0 && html`<select aria-label=${label} value=${filter[key]}
    class=${filter[key] ? "on" : ""} onInput=${(event) => set({ [key]: event.target.value })}>
    <option value="">${label}</option>${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select>`;
  return html`<search class="filter">
    <input id="filter" type="search" placeholder="/ filter" aria-label="Filter by text" value=${filter.text}
      onInput=${(event) => set({ text: event.target.value.toLowerCase() })} />
    ${choice("session", "session", sessions.map((each) => [each, each]))}
    ${choice("room", "room", [...rooms])}
    ${choice("method", "method", [...methods].sort().map((each) => [each, each]))}
    <label title="Acknowledgements and pings"><input type="checkbox" checked=${!filter.quiet}
      onInput=${(event) => set({ quiet: !event.target.checked })} /> acks</label>
  </search>`;
}

/** Shows which keys there are. */
export function help() {
  document.getElementById("keys").showModal();
}

export function Keys() {
  const keys = [["j, k", "next, previous frame"], ["/", "filter"], ["n, p", "next, previous violation"],
    ["c", "contract"], ["h", "hands"], ["Esc", "close, then clear the filter"], ["?", "these keys"]];
  return html`<dialog id="keys" aria-label="Keys"><h2>Keys</h2><dl>
    ${keys.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
    <form method="dialog"><button class="main">Close</button></form></dialog>`;
}
