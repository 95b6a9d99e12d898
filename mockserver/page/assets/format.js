// Words and figures, the same everywhere on the page.

/** 1.416 -> "1.416"; 75.2 -> "1:15.200": seconds since the first frame. */
export function since(time, start) {
  const s = Math.max(0, time - start);
  if (s < 60) return s.toFixed(3);
  const minutes = Math.floor(s / 60);
  const rest = (s % 60).toFixed(3).padStart(6, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** 0.0321 -> "32 ms", 5 -> "5.0 s", 3700 -> "1 h 2 min". */
export function span(s) {
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 60) return `${s.toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

/** Unix seconds as a time of the day, UTC. */
export function clock(time) {
  return new Date(time * 1000).toISOString().slice(11, 23);
}

/** 12345 -> "12,345". */
export function count(number, word) {
  const text = number.toLocaleString("en");
  return word ? `${text} ${word}${number === 1 ? "" : "s"}` : text;
}

/** "video.recording.start" in a sentence: who says what to whom. */
export function sentence(row) {
  const who = row.out ? row.session ?? "client" : "service";
  const whom = row.out ? "service" : row.session ?? "client";
  const what = { call: "call", answer: row.refused ? "refusal of" : "answer to", event: "event",
    ack: "acknowledgement of", ping: row.call ? "answer to" : "call", junk: "text" }[row.kind];
  return `${who} to ${whom}: ${what} ${row.name || "unreadable"}`;
}

const SOURCES = { D: "documentation", W: "seen on the wire", T: "the vendor's types and tests",
  R: "REST specification", E: "the vendor's end-to-end tests", A: "assumed by this project" };

/** "DT" -> what these letters say. */
export function sources(letters) {
  return [...letters].map((each) => SOURCES[each] ?? each).join(", ");
}

const UNITS = [[/unix seconds/i, "unix s"], [/milliseconds/i, "ms"], [/\bseconds\b/i, "s"],
  [/decibels/i, "dB"], [/percent/i, "%"]];

/** The unit that a description names, for numbers; "" for none. */
export function unit(description) {
  return UNITS.find(([pattern]) => pattern.test(description))?.[1] ?? "";
}

/** A value as a YAML flow value, which scenario files take. */
export function yaml(value) {
  if (Array.isArray(value)) return `[${value.map(yaml).join(", ")}]`;
  if (value && typeof value === "object") {
    return `{${Object.entries(value).map(([key, each]) => `${yaml(key)}: ${yaml(each)}`).join(", ")}}`;
  }
  if (typeof value !== "string") return String(value);
  const plain = /^[A-Za-z][\w.-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}

/** A shell's word that means exactly this text. */
export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
