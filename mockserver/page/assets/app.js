// The page: puts its parts together, and listens to keys and to files that are dropped.

import { html, render, useEffect } from "./vendor/preact.js";
import * as state from "./state.js";
import { Connect } from "./connect.js";
import { Contract } from "./contract.js";
import { Detail, violation } from "./detail.js";
import { Hands } from "./hands.js";
import { Lanes, step } from "./lanes.js";
import { Media } from "./media.js";
import { Rooms } from "./rooms.js";
import { Keys, Top, help } from "./top.js";
import { bring } from "./schemas.js";

const NOTICE_MS = 4000;
const VIEWS = [["lanes", "Frames"], ["rooms", "Rooms"], ["media", "Media"], ["side", "Look & act"]];

function Page() {
  state.beat.value;
  const live = state.mode.value === "live";
  const empty = live && !state.conversation.value.rows.length && !state.detail.value?.rooms.length;
  return html`<div class="page" data-view=${state.view.value}>
    <${Top} />
    ${!state.online.value && html`<p class="offline" role="alert">The server does not answer. This page tries again.</p>`}
    <nav class="views" aria-label="Parts of the page">${VIEWS.map(([name, title]) => html`<button
      aria-pressed=${state.view.value === name} onClick=${() => { state.view.value = name; }}>${title}</button>`)}</nav>
    <main>
      <${Rooms} />
      ${empty ? html`<div class="empty"><${Connect} /></div>` : html`<${Lanes} />`}
      <${Side} live=${live} />
      <${Media} />
    </main>
    <${Keys} /><${Notice} />${state.locked.value && html`<${Locked} />`}
  </div>`;
}

function Side({ live }) {
  const panels = { frame: ["Frame", Detail], ...(live && { hands: ["Hands", Hands] }),
    contract: ["Contract", Contract], ...(live && { connect: ["Connect", Connect] }) };
  const chosen = panels[state.panel.value] ? state.panel.value : "frame";
  const [, Chosen] = panels[chosen];
  return html`<aside class="side" aria-label="Details">
    <div class="tabs" role="tablist" aria-label="Details">${Object.entries(panels).map(([name, [title]]) => html`
      <button role="tab" id=${`tab-${name}`} aria-controls="panel" aria-selected=${name === chosen}
        onClick=${() => { state.panel.value = name; }}>${title}</button>`)}</div>
    <div class="panel" id="panel" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${chosen}`}><${Chosen} /></div>
  </aside>`;
}

function Notice() {
  const notice = state.notice.value;
  useEffect(() => {
    if (!notice) return undefined;
    const timer = setTimeout(() => { state.notice.value = null; }, NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return html`<p class=${`notice ${notice?.bad ? "bad" : ""} ${notice ? "" : "away"}`} role="status">
    ${notice && `${notice.bad ? "✗" : "✓"} ${notice.text}`}</p>`;
}

function Locked() {
  const send = (event) => {
    event.preventDefault();
    state.unlock(new FormData(event.target).get("token"));
  };
  return html`<form class="locked card" onSubmit=${send}><h2>This server asks for a token</h2>
    <label>The token that it printed when it started<input name="token" type="password" required /></label>
    <button class="main">Open</button></form>`;
}

const KEYS = {
  j: () => step(1), k: () => step(-1), n: () => violation(1), p: () => violation(-1),
  c: () => state.show("contract"), h: () => state.show("hands"), "?": help,
  "/": () => document.getElementById("filter").focus(),
};

function escape() {
  if (state.selected.value !== null) state.select(null);
  else state.filter.value = { text: "", session: "", room: "", method: "", quiet: false };
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    if (document.querySelector("dialog[open], [popover]:popover-open")) return;
    if (typing) event.target.blur();
    else escape();
    return;
  }
  const down = event.target.closest?.(".scroll") && { ArrowDown: KEYS.j, ArrowUp: KEYS.k }[event.key];
  const act = down || (!typing && KEYS[event.key]);
  if (!act) return;
  event.preventDefault();
  act();
});

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", async (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file && !state.fixed.value) await state.attempt(async () => state.bringTrace(file.name, await file.text()));
});

const report = document.getElementById("report");
const data = report && JSON.parse(report.textContent);
if (data) bring(data.schemas);
state.begin(data);
render(html`<${Page} />`, document.getElementById("app"));
if (!data) document.title = "mock SignalWire server";
