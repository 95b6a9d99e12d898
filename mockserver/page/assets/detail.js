// One frame: what it is, what each of its fields means, and what is wrong with it.

import { html, useState } from "./vendor/preact.js";
import * as state from "./state.js";
import { payload, schemaName } from "./model.js";
import { below, resolved, schema } from "./schemas.js";
import { clock, count, quoted, sentence, since, sources, span, unit, yaml } from "./format.js";

const DEEP = 4; // objects below this depth are folded at first

export function Detail() {
  const row = state.row.value;
  if (!row) {
    return html`<p class="none">Choose a frame to see what it says.${" "}
      <kbd>j</kbd> and <kbd>k</kbd> go through them.</p>`;
  }
  const begin = state.conversation.value.rows[0].time;
  const broken = state.broken.value.get(row.n) ?? [];
  const about = resolved(schema(schemaName(row)));
  return html`<article class="detail" key=${row.n}>
    <h2><span class="n">#${row.n}</span> ${row.name || "unreadable text"}</h2>
    <p class="dim">${sentence(row).split(":")[0]}, ${clock(row.time)}${" "}
      (+${since(row.time, begin)} s)</p>
    ${about.description && html`<p>${about.description}</p>`}
    ${row.entry.problem && html`<div class="wrong"><b>✗ This frame is invalid.</b>
      <p>${row.entry.problem}</p></div>`}
    ${broken.map((each) => html`<${Broken} each=${each} here=${row.n} />`)}
    ${row.entry.fault && html`<div class="meant"><b>⚡ A fault did this:</b>
      <p>${row.entry.fault.name ?? row.entry.fault}</p></div>`}
    <${Joined} row=${row} />
    <${Copies} row=${row} />
    <${Tree} row=${row} about=${about} begin=${begin} />
  </article>`;
}

function Broken({ each, here }) {
  return html`<div class="wrong"><b>✗ ${each.rule}</b> <span class="dim">(${each.party})</span>
    <p>${each.message}</p><p class="dim">${each.sentence}</p>
    <${Frames} numbers=${each.frames.filter((n) => n !== here)} word="see" /></div>`;
}

/** Buttons that lead to frames. */
export function Frames({ numbers, word }) {
  if (!numbers.length) return null;
  return html`<p class="links">${word} ${numbers.slice(0, 12).map((n) => html`
    <button onClick=${() => state.select(n)}>#${n}</button>`)}</p>`;
}

function Joined({ row }) {
  if (row.answer) {
    const { n, time, refused } = row.answer;
    const what = row.kind === "event" ? "acknowledged" : refused ? "refused" : "answered";
    return html`<p class="links">${what} after ${span(time - row.time)} by${" "}
      <button onClick=${() => state.select(n)}>#${n}</button></p>`;
  }
  if (row.call) {
    return html`<p class="links">answers <button onClick=${() => state.select(row.call.n)}>
      #${row.call.n}</button>, ${span(row.time - row.call.time)} before</p>`;
  }
  const owed = row.kind === "call" || (row.kind === "event" && row.entry.frame.id);
  return owed && row.kind === "call" ? html`<p class="dim">Not answered yet.</p>` : null;
}

function Copies({ row }) {
  const texts = [
    ["JSON", JSON.stringify(row.entry.frame ?? row.entry.text, null, 2)],
    ["curl", state.mode.value === "live" && curl(row)],
    ["YAML step", step(row)],
  ];
  return html`<p class="copies">copy ${texts.map(([name, text]) => text && html`
    <${Copy} name=${name} text=${text} />`)}
    <span class="right">
      <button aria-label="Previous violation" onClick=${() => violation(-1)}>◀ ✗</button>
      <button aria-label="Next violation" onClick=${() => violation(1)}>✗ ▶</button>
    </span></p>`;
}

/** A button that copies a text, and says so. */
export function Copy({ name, text }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return html`<button onClick=${copy}>${done ? "copied ✓" : name}</button>`;
}

/** Selects the next frame that is invalid or breaks a rule. */
export function violation(by) {
  const { rows } = state.conversation.value;
  const bad = rows.filter((each) => !each.entry.valid || state.broken.value.has(each.n));
  const at = state.selected.value ?? (by > 0 ? -1 : Infinity);
  const found = by > 0 ? bad.find((each) => each.n > at) : bad.findLast((each) => each.n < at);
  if (found) state.select(found.n);
  else state.say(bad.length ? "No further violation in this direction." : "Nothing is broken.");
}

/** The request to the control API that has to do with a frame: causes it again, or waits for it. */
function curl(row) {
  const where = `${location.origin}/__mock__/spaces/${encodeURIComponent(row.entry.space)}`;
  const post = (path, body) => `curl -s '${where}${path}' -H 'Content-Type: application/json' `
    + `-d ${quoted(JSON.stringify(body))}`;
  const { params } = row.entry.frame ?? {};
  if (row.kind === "event") {
    return post("/events", { event_type: row.name, channel: params.event_channel, params: params.params });
  }
  if (row.kind === "call") return post("/expectations", { name: row.name });
  const body = payload(row);
  if (row.refused) {
    const how = typeof body.code === "number" ? { error: body.code } : { code: body.code };
    return post("/answers", { method: row.name, ...how, message: body.message });
  }
  return `curl -s '${where}/trace?after=${row.n - 1}&limit=1'`;
}

/** The lines of a scenario that wait for a frame, expect it or answer like it. */
function step(row) {
  if (row.kind === "call" && row.out) {
    return `script:\n  - when: {call: ${row.name}}\n    do: end_room\n`;
  }
  if (row.kind === "event") {
    const { recording, playback, stream } = payload(row);
    const [kind, media] = Object.entries({ recording, playback, stream }).find(([, each]) => each) ?? [];
    const fields = media ? { [kind]: { state: media.state } } : {};
    return `expect:\n  - ${row.name}: ${yaml(fields)}\n`;
  }
  if (row.refused) {
    const { code, message } = payload(row);
    const how = typeof code === "number" ? { error: { code, message } } : { code, message };
    return `answers:\n  - to: ${row.name}\n    with: ${yaml(how)}\n`;
  }
  return "";
}

function Tree({ row, about, begin }) {
  const { frame, text } = row.entry;
  if (!frame) return html`<pre class="raw">${text}</pre>`;
  const inner = payload(row);
  const envelope = row.kind === "event" ? "envelopes/event" : frame.method ? "envelopes/call"
    : frame.error ? "envelopes/error_answer" : "envelopes/answer";
  const given = schema(envelope) ?? {};
  return html`<ul class="tree" aria-label="Fields of the frame">
    ${Object.keys(frame).map((key) => html`<${Field} name=${key} value=${frame[key]} begin=${begin}
      about=${frame[key] === inner ? about : below(given, key)} inner=${inner} schema=${about} depth=${0} />`)}
  </ul>`;
}

function Field({ name, value, about, inner, schema: innermost, begin, depth }) {
  const here = resolved(value === inner ? { ...innermost, description: about?.description } : about);
  const holds = value !== null && typeof value === "object";
  const { description } = here;
  const more = description && html`<span class="means">${description}
    ${here["x-source"] && html` <abbr title=${`Source: ${sources(here["x-source"])}`}>${here["x-source"]}</abbr>`}
  </span>`;
  if (!holds) {
    return html`<li><span class="key">${name}</span>
      <${Value} value=${value} unit=${unit(description ?? "")} begin=${begin} />${more}</li>`;
  }
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const size = Array.isArray(value) ? `[${count(keys.length)}]` : `{${count(keys.length)}}`;
  if (!keys.length) return html`<li><span class="key">${name}</span> <span class="dim">${size}</span>${more}</li>`;
  return html`<li><details open=${depth < DEEP && keys.length < 30}><summary>
      <span class="key">${name}</span> <span class="dim">${size}</span>${more}</summary>
    <ul>${keys.map((key) => html`<${Field} name=${key} value=${value[key]} begin=${begin}
      about=${below(here, key)} inner=${inner} schema=${innermost} depth=${depth + 1} />`)}</ul>
  </details></li>`;
}

function Value({ value, unit: in_, begin }) {
  const number = typeof value === "number";
  const shown = JSON.stringify(value);
  return html`<code class=${number ? "number" : typeof value}>${shown}</code>
    ${number && in_ === "unix s" && html`<span class="unit">unix s, +${since(value, begin)}</span>`}
    ${number && in_ && in_ !== "unix s" && html`<span class="unit">${in_}</span>`}`;
}
