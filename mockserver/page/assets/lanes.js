// The conversation as a sequence diagram. Of 100,000 rows only those in sight are in the document.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import * as state from "./state.js";
import { count, sentence, since, span } from "./format.js";

const HEIGHT = 30; // of a row, in pixels; the style sheet has the same
const SPARE = 8; // rows drawn beyond either edge
const TIMES = 74; // width of the column of times

/** Where each lane is, in pixels from the left. */
function places(width, sessions) {
  const narrow = width < 520;
  const first = (narrow ? 58 : TIMES) + 34;
  const service = Math.max(first + 160, width - (narrow ? 42 : 70));
  const room = Math.max(0, service - first - (narrow ? 120 : 230));
  const step = sessions.length > 1 ? Math.min(130, room / (sessions.length - 1)) : 0;
  const lanes = new Map(sessions.map((name, index) => [name, first + index * step]));
  return { first, service, of: (name) => lanes.get(name) ?? first, step };
}

/** The rows that the filter leaves, kept in step with the frames that come. */
function useItems() {
  state.beat.value;
  const shown = state.shown.value;
  shown.grow();
  return shown;
}

export function Lanes() {
  const shown = useItems();
  const { items } = shown;
  const conversation = state.conversation.value;
  const box = useRef(null);
  const [size, setSize] = useState({ width: 600, height: 400 });
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(0); // how many rows there were when the end was last in sight
  const follows = useRef(true);

  useEffect(() => {
    const watch = new ResizeObserver(([{ contentRect }]) => {
      setSize({ width: contentRect.width, height: contentRect.height });
    });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);

  // A new trace or filter begins at its end, unless a frame is selected: then there.
  useLayoutEffect(() => {
    const at = shown.place.get(state.selected.value);
    follows.current = at === undefined;
    if (at !== undefined) reveal(box.current, at, true);
  }, [shown]);
  useLayoutEffect(() => {
    if (follows.current) {
      box.current.scrollTop = box.current.scrollHeight;
      setSeen(items.length);
    }
  }, [items.length, size.height, shown]);
  useEffect(() => {
    const at = shown.place.get(state.selected.value);
    if (at !== undefined && box.current) reveal(box.current, at, false);
  }, [state.selected.value, shown]);

  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    follows.current = scrollHeight - scrollTop - clientHeight < HEIGHT;
    if (follows.current) setSeen(items.length);
    setTop(scrollTop);
  };
  const lanes = places(size.width, conversation.sessions);
  const from = Math.max(0, Math.floor(top / HEIGHT) - SPARE);
  const to = Math.min(items.length, Math.ceil((top + size.height) / HEIGHT) + SPARE);
  const chosen = shown.place.get(state.selected.value);
  const begin = conversation.rows[0]?.time ?? 0;
  const fresh = follows.current ? 0 : items.length - seen;
  const spans = shown.spans.filter((each) => each.from < to && each.to >= from);
  return html`<section class="lanes" aria-label="Conversation">
    <${Heads} lanes=${lanes} sessions=${conversation.sessions} />
    <div class="scroll" ref=${box} onScroll=${scrolled} tabindex="0" role="listbox"
      aria-label="Frames, oldest first" aria-activedescendant=${chosen >= from && chosen < to ? `f${state.selected.value}` : undefined}>
      <div class="rows" role="presentation" style=${{ height: `${items.length * HEIGHT}px` }}>
        ${conversation.sessions.map((name) => html`<i class="line" aria-hidden="true"
          style=${{ left: `${lanes.of(name)}px` }}></i>`)}
        <i class="line" aria-hidden="true" style=${{ left: `${lanes.service}px` }}></i>
        ${spans.map((each) => html`<i class="busy" aria-hidden="true" key=${`b${each.to}`} style=${{
          left: `${lanes.service - 3 + Math.min(each.slot, 5) * 5}px`,
          top: `${each.from * HEIGHT + 23}px`,
          height: `${(each.to - each.from) * HEIGHT + 1}px`,
        }}></i>`)}
        ${items.slice(from, to).map((each, index) => each.gap
          ? html`<${Gap} key=${`g${from + index}`} at=${from + index} gap=${each.gap} />`
          : html`<${Row} key=${each.n} row=${each} at=${from + index} lanes=${lanes} begin=${begin}
              total=${items.length} />`)}
      </div>
    </div>
    ${fresh > 0 && html`<button class="fresh" onClick=${() => {
      box.current.scrollTop = box.current.scrollHeight;
    }}>▼ ${count(fresh)} new</button>`}
    ${!items.length && html`<p class="none">${conversation.rows.length
      ? "No frame passes the filter." : "No frame yet."}</p>`}
  </section>`;
}

function reveal(box, at, middle) {
  const y = at * HEIGHT;
  const hidden = y < box.scrollTop + HEIGHT || y > box.scrollTop + box.clientHeight - 2 * HEIGHT;
  if (middle || hidden) box.scrollTop = y - box.clientHeight / 2;
}

function Heads({ lanes, sessions }) {
  const known = state.detail.value?.sessions ?? [];
  return html`<div class="heads">
    ${sessions.map((name, index) => {
      const session = known.find((each) => each.name === name);
      const away = session && !session.connected;
      const title = session ? `${session.project}, ${away ? "away" : "connected"}` : name;
      const chosen = state.filter.value.session === name;
      return html`<button title=${title} aria-pressed=${chosen} style=${{ left: `${lanes.of(name)}px` }}
        class=${lanes.step < 46 && index % 2 ? "low" : ""}
        onClick=${() => {
          state.filter.value = { ...state.filter.value, session: chosen ? "" : name };
        }}>${name}${away ? " (away)" : ""}</button>`;
    })}
    <b style=${{ left: `${lanes.service}px` }}>service</b>
  </div>`;
}

function Gap({ at, gap }) {
  return html`<div class="gap" role="presentation" style=${{ top: `${at * HEIGHT}px` }}>
    <span>${span(gap)}</span>
  </div>`;
}

function Row({ row, at, lanes, begin, total }) {
  const found = state.broken.value.get(row.n);
  const chosen = state.selected.value === row.n;
  const fault = row.entry.fault;
  const left = lanes.of(row.session);
  const marks = [
    !row.entry.valid && "✗ invalid",
    found && `✗ ${found[0].rule}${found.length > 1 ? ` +${found.length - 1}` : ""}`,
    fault && `⚡ ${fault.name ?? fault}`,
  ].filter(Boolean);
  const name = [`frame ${row.n}, ${since(row.time, begin)} s`, sentence(row), row.about, ...marks];
  const classes = ["row", row.kind, row.out ? "out" : "in", row.faint && "faint",
    row.refused && "refused", marks.length && "bad", chosen && "chosen"];
  return html`<div id=${`f${row.n}`} role="option" aria-selected=${chosen} aria-setsize=${total}
    aria-posinset=${at + 1}
    class=${classes.filter(Boolean).join(" ")} style=${{ top: `${at * HEIGHT}px` }}
    onClick=${() => {
      state.select(row.n);
      state.view.value = "side"; // where there is room for one thing only, its details
    }}>
    <span class="told">${name.filter(Boolean).join(", ")}</span>
    <time aria-hidden="true">${since(row.time, begin)}</time>
    <span class="say" aria-hidden="true" style=${{ left: `${left + 12}px`, width: `${lanes.service - left - 24}px` }}>
      <b>${row.kind === "event" && html`<i class="dot" aria-hidden="true">◆</i>`}${row.refused
        ? "⊘ " : ""}${row.label}</b>
      ${marks.map((each) => html`<strong>${each}</strong>`)}
      <em>${row.about}</em>
    </span>
    <i class="arrow" style=${{ left: `${left}px`, width: `${lanes.service - left}px` }}></i>
  </div>`;
}

/** Moves the selection by so many frames of those shown. */
export function step(by) {
  const { items, place } = state.shown.value;
  let at = place.get(state.selected.value);
  at = at === undefined ? (by > 0 ? -1 : items.length) : at;
  do at += by; while (items[at]?.gap);
  if (items[at]) state.select(items[at].n);
}
