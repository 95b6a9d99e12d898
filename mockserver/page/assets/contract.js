// The rules of the contract, live: which hold, and which frames break the others.

import { computed, html } from "./vendor/preact.js";
import * as api from "./api.js";
import * as state from "./state.js";
import { Frames } from "./detail.js";
import { count } from "./format.js";

const byRule = computed(() => {
  const found = new Map();
  for (const each of state.violations.value) found.set(each.rule, [...(found.get(each.rule) ?? []), each]);
  return found;
});

/** The verdict in a few words, with a sign that needs no colour. */
export function verdict() {
  if (!state.judged.value) return "… rules";
  const broken = state.violations.value.length;
  return broken ? `✗ ${count(broken, "violation")}` : `✓ ${state.rules.value.length || ""} rules`;
}

export function Contract() {
  const rules = [...state.rules.value].sort((a, b) => byRule.value.has(b.name) - byRule.value.has(a.name));
  return html`<section class="contract" aria-label="Contract">
    <p class=${byRule.value.size ? "wrong" : "good"}>${verdict()}${byRule.value.size ? ""
      : state.judged.value ? " hold" : ""}</p>
    ${state.mode.value === "live" && state.space.value && html`<p class="buttons">
      <button onClick=${() => save("/report", "html")}>Save a report</button>
      <button onClick=${() => save("/trace?format=jsonl", "jsonl")}>Save the trace</button></p>`}
    <ul>${rules.map((rule) => html`<${Rule} key=${rule.name} rule=${rule} found=${byRule.value.get(rule.name)} />`)}</ul>
  </section>`;
}

function save(what, kind) {
  const name = state.open.value;
  state.attempt(() => api.save(api.space(name, what), `${name}.${kind}`));
}

function Rule({ rule, found }) {
  return html`<li class=${found ? "broken" : ""}><b>${found ? `✗ ${rule.name} (${found.length})` : `✓ ${rule.name}`}</b>
    <p class="dim">${rule.sentence}</p>
    ${found?.slice(0, 20).map((each) => html`<div class="wrong"><p>${each.message}</p>
      <${Frames} numbers=${each.frames} word="frames" /></div>`)}</li>`;
}
