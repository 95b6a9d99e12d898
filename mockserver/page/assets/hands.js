// What a person can do to the open space: all that scripts and tests can do, too.

import { computed, html, signal, useEffect, useRef, useState } from "./vendor/preact.js";
import * as api from "./api.js";
import * as state from "./state.js";
import { Copy } from "./detail.js";
import { Form } from "./form.js";
import { schema } from "./schemas.js";
import { span } from "./format.js";

const GROUPS = [
  ["Room", /^(end_room|lock|unlock|set_layout|set_audience|.*_meta|prioritize_handraise|.*video_muted|set_position)$/],
  ["People", /^(join|leave|promote|demote|raisehand|lowerhand|.*talking|.*mute|deaf|undeaf|set_.*_(volume|sensitivity))$/],
  ["Media", /(recording|playback|stream)$/],
  ["Faults", /^(fault|drop_connections|disconnect|set_latency)$/],
];
const PEOPLE = GROUPS[1][1];

const actions = signal([]);
const groups = computed(() => {
  const left = new Set(actions.value.map((each) => each.name));
  const found = GROUPS.map(([title, pattern]) => {
    // Media first: set_playback_volume is one of it.
    const own = [...left].filter((name) => title !== "Media" ? pattern.test(name) && !/playback/.test(name)
      : /recording|playback|stream/.test(name));
    own.forEach((name) => left.delete(name));
    return [title, own];
  });
  return left.size ? [...found, ["More", [...left]]] : found;
});

/** Loads the table of actions once. */
function useActions() {
  useEffect(() => {
    if (actions.value.length) return;
    state.attempt(async () => {
      const { schemas } = await api.get("/schemas?kind=actions");
      actions.value = schemas.map((each) => ({ ...each, name: each.name.slice("actions/".length) }));
    });
  }, []);
}

const OTHERS = {
  start_room: ["control/start_room", "POST", "/rooms", "Start a room"],
  answer: ["control/answer_next", "POST", "/answers", "Answer the next call otherwise"],
  event: ["control/push_event", "POST", "/events", "Send an event"],
  frame: ["control/push_frame", "POST", "/frames", "Send any frame"],
};

export function Hands() {
  useActions();
  const { verb, known } = state.hand.value ?? {};
  if (!state.space.value) return html`<${NewSpace} />`;
  return html`<section class="hands" aria-label="Hands">
    <h2 class="told">Hands</h2>
    <${Next} />
    ${verb === "fault" ? html`<${Fault} />` : verb && html`<${Action} key=${`${verb} ${JSON.stringify(known)}`} verb=${verb} known=${known} />`}
    <h3>Room</h3><p class="buttons"><${Choice} verb="start_room" />
      ${groups.value[0][1].map((name) => html`<${Choice} verb=${name} known=${known} />`)}</p>
    ${groups.value.slice(1).map(([title, names]) => html`<h3>${title}</h3><p class="buttons">
      ${names.map((name) => html`<${Choice} verb=${name} known=${known} />`)}</p>
      ${title === "Faults" && html`<${Active} />`}`)}
    <h3>The wire</h3><p class="buttons">
      ${["answer", "event", "frame"].map((name) => html`<${Choice} verb=${name} title=${OTHERS[name][3]} />`)}</p>
    <details class="fold"><summary>A new space, or another scenario here</summary><${NewSpace} /></details>
  </section>`;
}

function Choice({ verb, title, known = {} }) {
  const chosen = state.hand.value?.verb === verb;
  const { room, name } = known;
  return html`<button aria-pressed=${chosen} onClick=${() => {
    state.hand.value = chosen ? null : { verb, known: PEOPLE.test(verb) ? { room, name } : { room } };
  }}>${title ?? verb.replaceAll("_", " ")}</button>`;
}

function Action({ verb, known }) {
  const [name, method, path, title] = OTHERS[verb] ?? [`actions/${verb}`, "POST", "/actions", null];
  const given = schema(name);
  if (!given?.properties) return html`<p class="none">…</p>`;
  const rooms = state.detail.value?.rooms ?? [];
  const room = rooms.find((each) => each.name === known.room) ?? rooms[0];
  const choices = { room: rooms.map((each) => each.name),
    session: (state.detail.value?.sessions ?? []).map((each) => each.name) };
  if (verb === "answer") choices.method = given.properties.method.enum;
  else if (verb !== "join" && verb !== "start_room") choices.name = room?.members.map((each) => each.name);
  const told = Object.fromEntries(Object.entries(known).filter(([, each]) => each !== undefined));
  const only = rooms.length === 1 ? { room: rooms[0].name } : {};
  const send = async (value) => {
    await api.send(method, api.space(state.open.value, path), OTHERS[verb] ? value : { do: verb, ...value });
  };
  return html`<div class="card"><h3>${title ?? given.title}</h3>
    <p class="dim">${given.description}${given["x-causes"] && html`<br />Causes ${given["x-causes"].join(", ")}.`}</p>
    <${Form} schema=${given} known=${{ ...only, ...told }} choices=${choices} word=${title ?? given.title}
      onSend=${send} /></div>`;
}

const faults = signal([]);

/** A fault of the catalogue, with a form for what it takes. */
function Fault() {
  const [name, setName] = useState("");
  useEffect(() => {
    if (!faults.value.length) state.attempt(async () => { faults.value = (await api.get("/faults")).faults; });
  }, []);
  const fault = faults.value.find((each) => each.name === name);
  const send = async (parameters) => {
    try {
      const { number } = await api.send("POST", api.space(state.open.value, "/faults"), { name, parameters });
      refresh();
      return `fault ${number}`;
    } catch (error) {
      // The form has fields for the parameters only.
      for (const each of error.errors ?? []) each.path = each.path.replace(/^\$\.parameters/, "$");
      throw error;
    }
  };
  const choices = { session: (state.detail.value?.sessions ?? []).map((each) => each.name),
    room: (state.detail.value?.rooms ?? []).map((each) => each.name) };
  return html`<div class="card"><h3>Inject a fault</h3>
    <p class="form"><label><span>fault</span><select aria-label="Fault" value=${name} onInput=${(event) => setName(event.target.value)}>
      <option value=""></option>
      ${["frame", "session", "socket"].map((layer) => html`<optgroup label=${`${layer}s`}>
        ${faults.value.filter((each) => each.layer === layer).map((each) => html`<option>${each.name}</option>`)}
      </optgroup>`)}</select></label></p>
    ${fault && html`<p class="dim">${fault.does}<br />A good client: ${fault.client}</p>
      <${Form} key=${name} schema=${fault.parameters} choices=${choices} word=${`Inject ${name}`} onSend=${send} />`}</div>`;
}

const active = signal([]);
const refresh = () => state.attempt(async () => {
  const name = state.open.value;
  const found = (await api.get(api.space(name, "/faults"))).faults;
  if (name === state.open.value) active.value = found;
});

/** The faults that may still strike, each with a button that ends it. */
function Active() {
  useEffect(() => {
    refresh();
  }, [state.open.value, state.detail.value]);
  if (!active.value.length) return null;
  return html`<ul class="plain" aria-label="Active faults">${active.value.map(({ number, name, parameters, struck }) => html`
    <li key=${number}>⚡ <b>${name}</b> <span class="dim">${Object.entries(parameters)
      .map(([key, each]) => `${key}: ${JSON.stringify(each)}`).join(", ")}</span>
      ${" "}<span class="chip">struck ${struck} times</span>
      ${" "}<button aria-label=${`Withdraw fault ${number}, ${name}`} onClick=${() => state.attempt(async () => {
        await api.send("DELETE", api.space(state.open.value, `/faults/${number}`));
        await refresh();
      })}>withdraw</button></li>`)}</ul>`;
}

/** What the script does next, and when. */
function Next() {
  const { script, space } = state.detail.value ?? {};
  if (!script || space.scenario === "none") return null;
  return html`<div class="card next"><h3>${space.scenario} does next</h3>
    ${script.length ? html`<ul>${script.map((each) => html`<li>
      ${each.in_s === null ? html`<span class="chip">waits</span>` : html`<span class="chip">in ${span(each.in_s)}</span>`}
      ${" "}${each.what}</li>`)}</ul>` : html`<p class="dim">Nothing more.</p>`}</div>`;
}

/** A space with another scenario, or with pasted YAML whose mistakes are shown at their lines. */
export function NewSpace() {
  const [name, setName] = useState("my-test");
  const [scenario, setScenario] = useState("");
  const [clock, setClock] = useState("");
  const [yaml, setYaml] = useState("");
  const [problem, setProblem] = useState(null);
  const text = useRef(null);
  const settings = () => ({ ...(clock && { clock }),
    ...(scenario === "yaml" ? { scenario_yaml: yaml } : scenario && { scenario }) });
  const send = (reset) => async (event) => {
    event.preventDefault();
    setProblem(null);
    const where = reset ? api.space(state.open.value, "/reset") : "/spaces";
    try {
      const made = await api.send("POST", where, reset ? settings() : { name, ...settings() });
      state.open.value = made.name;
      state.say(reset ? `${made.name} begins again with ${made.scenario}` : `space ${made.name} is there`);
    } catch (error) {
      setProblem(error);
    }
  };
  const mistakes = lines(problem);
  return html`<form class="form" aria-label="New space" onSubmit=${send(false)}>
    <label><span>name</span><input value=${name} required onInput=${(event) => setName(event.target.value)} />
      <small>A client whose project id it is will be in it.</small></label>
    <label><span>scenario</span><select value=${scenario} onInput=${(event) => setScenario(event.target.value)}>
      <option value="">as the server was started</option><option value="none">none: nothing by itself</option>
      <option value="yaml">my own YAML</option>
      ${state.scenarios.value.map((each) => html`<option value=${each.name}>${each.name}: ${each.about}</option>`)}
    </select></label>
    ${scenario === "yaml" && html`<div class="yaml">
      <pre aria-hidden="true">${yaml.split("\n").map((_, at) => html`<i class=${mistakes.has(at + 1) ? "bad" : ""}>
        ${mistakes.has(at + 1) ? "✗" : ""} ${at + 1}</i>`)}</pre>
      <textarea ref=${text} aria-label="Scenario as YAML" rows=${Math.max(8, yaml.split("\n").length + 1)}
        spellcheck=${false} value=${yaml} placeholder=${"scenario: my-own\nabout: …\nrooms:\n  lobby: {members: 2}"}
        onInput=${(event) => setYaml(event.target.value)}></textarea></div>`}
    ${[...mistakes].map(([line, what]) => html`<button type="button" class="mistake"
      onClick=${() => goTo(text.current, line)}><b>line ${line}</b> ${what}</button>`)}
    <label><span>clock</span><select value=${clock} onInput=${(event) => setClock(event.target.value)}>
      <option value="">as the server was started</option><option>real</option><option>manual</option></select></label>
    ${problem && !mistakes.size && html`<p role="alert" class="wrong">✗ ${problem.message}</p>`}
    <p><button class="main">Make the space</button>
      ${state.space.value && html`<button type="button" onClick=${send(true)}>Begin ${state.open.value} again so</button>`}
      <${Copy} name="copy token" text=${`scenario:${scenario || "demo"}`} /></p>
  </form>`;
}

/** Line -> what is wrong there, from what the server says of a scenario's text. */
function lines(problem) {
  const found = new Map();
  const text = problem?.errors?.find((each) => each.path.includes("scenario_yaml"))?.found ?? "";
  for (const each of text.split("\n")) {
    const match = /:(\d+)(?::\d+)?: (.*)/.exec(each);
    if (match) found.set(Number(match[1]), match[2]);
  }
  return found;
}

function goTo(area, line) {
  const before = area.value.split("\n").slice(0, line - 1).join("\n").length;
  area.focus();
  area.setSelectionRange(before, before + 1);
}
