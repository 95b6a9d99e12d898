// Asks the control API, and nothing else.

const BASE = "/__mock__";

/** A problem document of the server, as an error. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? `the server answered ${status}`);
    this.status = status;
    this.errors = document.errors ?? [];
  }
}

/** The token that a server beyond this machine asks for; kept for this tab only. */
export function token() {
  return sessionStorage.getItem("token");
}

export function keepToken(value) {
  sessionStorage.setItem("token", value);
}

export function headers(given = token()) {
  return given ? { Authorization: `Bearer ${given}` } : {};
}

/** The path of a space: space("a b", "/clock"). */
export function space(name, rest = "") {
  return `/spaces/${encodeURIComponent(name)}${rest}`;
}

async function ask(method, path, body) {
  const options = { method, headers: headers() };
  if (body !== undefined) {
    const lines = typeof body === "string"; // a trace
    options.body = lines ? body : JSON.stringify(body);
    options.headers["Content-Type"] = lines ? "application/jsonl" : "application/json";
  }
  const response = await fetch(BASE + path, options);
  if (response.ok) return response;
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

export async function get(path) {
  return (await ask("GET", path)).json();
}

export async function text(path) {
  return (await ask("GET", path)).text();
}

/** Has the browser keep a file. */
export async function save(path, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await (await ask("GET", path)).blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function send(method, path, body = {}) {
  const answer = await (await ask(method, path, body)).text();
  return answer ? JSON.parse(answer) : null;
}
