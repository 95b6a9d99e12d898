// Starts `python -m mockserver` for tests, and is the tester's hand on it, by its control API.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROJECT = "mock-project";
const TOKEN = "mock-token";
const STARTUP_MS = 30_000;
const STOP_MS = 10_000;
const LOOK_EVERY_MS = 10;
/** How long it is tried to reach a server of whose process nothing is known. */
const CLOSED_MS = 10_000;
const TRY_AGAIN_MS = 50;
/** How much of what the server printed an error repeats. */
const LINES_TOLD = 20;

/** A rule of the contract is broken; the message has the frames that prove it. */
export class ContractBroken extends Error {
  constructor(text, violations) {
    super(`the contract is broken: ${text}`);
    this.name = "ContractBroken";
    this.violations = violations;
  }
}

/** The mock has refused what a test asked of it; `problem` is its whole answer. */
export class MockError extends Error {
  constructor(what, status, problem) {
    const fields = (problem.errors ?? []).map(
      ({ path, expected, found }) => `\n  ${path}: expected ${expected}, found ${found}`,
    );
    super(`${what}: ${status} ${problem.detail ?? problem.title ?? ""}${fields.join("")}`);
    this.name = "MockError";
    this.status = status;
    this.problem = problem;
  }
}

/** The environment by which applications find the mock; the same as `python -m mockserver run` sets. */
export function environment({ url, http, caFile = null, project = PROJECT, token = TOKEN }) {
  const host = new URL(http).host;
  const all = (names, value) => Object.fromEntries(names.map((name) => [name, value]));
  return {
    ...all(["SW_PROJECT", "SIGNALWIRE_PROJECT_ID", "PROJECT_ID"], project),
    ...all(["SW_TOKEN", "SIGNALWIRE_API_TOKEN", "SIGNALWIRE_TOKEN", "API_TOKEN"], token),
    ...all(["SIGNALWIRE_SPACE", "SIGNALWIRE_SPACE_URL"], host),
    SIGNALWIRE_HOST: url,
    MOCK_SIGNALWIRE_URL: url,
    MOCK_SIGNALWIRE_HTTP: http,
    ...(caFile === null ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
  };
}

/** The control API: JSON in and out. */
class Control {
  constructor({ http, ca, token, isRunning }) {
    this.http = http;
    this.ca = ca;
    this.token = token;
    this.isRunning = isRunning;
  }

  async call(method, path, body) {
    const url = new URL(`/__mock__${path}`, this.http);
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const data = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#sent(url, { method, headers, ca: this.ca, agent: false }, data);
    answer.setEncoding("utf8");
    let text = "";
    for await (const part of answer) text += part;
    const isOk = answer.statusCode < 300;
    const told = text === "" ? undefined : parsed(text);
    if (!isOk) throw new MockError(`${method} ${path}`, answer.statusCode, told ?? {});
    return told;
  }

  /** The answer. While the fault `restart` keeps the port closed, it waits; nothing has been asked then. */
  async #sent(url, options, data) {
    const deadline = Date.now() + CLOSED_MS;
    for (;;) {
      // Not fetch: that cannot be told of one more certificate to trust.
      const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options);
      request.end(data);
      try {
        const [answer] = await once(request, "response");
        return answer;
      } catch (error) {
        if (error.code !== "ECONNREFUSED") throw error;
        const isGone = this.isRunning === undefined ? Date.now() > deadline : !this.isRunning();
        if (isGone) throw new Error(`no mock runs at ${this.http} any more`, { cause: error });
      }
      await sleep(TRY_AGAIN_MS);
    }
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text };
  }
}

/** A space: its rooms, clock, script and trace are its own. */
export class Space {
  #control;
  #path;
  #hasEnded = false;

  constructor(control, mockUrl, name) {
    this.#control = control;
    this.#path = `/spaces/${encodeURIComponent(name)}`;
    this.project = name;
    this.token = TOKEN;
    this.url = `${mockUrl}/space/${encodeURIComponent(name)}`;
  }

  /** What the vendor's client takes: `await SignalWire(space.options)`. */
  get options() {
    return { host: this.url, project: this.project, token: this.token };
  }

  startRoom(name, members = 1, more = {}) {
    return this.#post("/rooms", { ...(name === undefined ? {} : { name }), members, ...more });
  }

  async rooms() {
    return (await this.#get("/rooms")).rooms;
  }

  perform(verb, args = {}) {
    return this.#post("/actions", { do: verb, ...args });
  }

  fault(name, parameters = {}) {
    return this.#post("/faults", { name, parameters });
  }

  async endFaults() {
    await this.#control.call("DELETE", `${this.#path}/faults`);
  }

  async answerNext(method, answer) {
    await this.#post("/answers", { method, ...answer });
  }

  waitFor(name, params, timeout) {
    return this.#post("/expectations", {
      name,
      ...(params === undefined ? {} : { params }),
      ...(timeout === undefined ? {} : { timeout }),
    });
  }

  async calls(method) {
    return this.#happenings("call", method);
  }

  async events(type) {
    return this.#happenings("event", type);
  }

  async advance(by, { acknowledged = true } = {}) {
    return (await this.#post("/clock/advance", { by, acknowledged })).now;
  }

  async runUntilIdle({ acknowledged = true } = {}) {
    return (await this.#post("/clock/run_until_idle", { acknowledged })).now;
  }

  async trace() {
    return (await this.#get("/trace")).entries;
  }

  async checkContract({ ignore = [] } = {}) {
    const query = ignore.length ? `?ignore=${encodeURIComponent(ignore.join(","))}` : "";
    const { violations, text } = await this.#get(`/violations${query}`);
    if (violations.length) throw new ContractBroken(text, violations);
  }

  async end({ check = true, ignore = [] } = {}) {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      if (check) await this.checkContract({ ignore });
    } finally {
      await this.#control.call("DELETE", this.#path);
    }
  }

  async [Symbol.asyncDispose]() {
    await this.end();
  }

  async #happenings(kind, name) {
    const query = name === undefined ? "" : `&name=${encodeURIComponent(name)}`;
    return (await this.#get(`/happenings?kind=${kind}${query}`)).happenings;
  }

  #get(path) {
    return this.#control.call("GET", `${this.#path}${path}`);
  }

  #post(path, body) {
    return this.#control.call("POST", `${this.#path}${path}`, body);
  }
}

let counted = 0;

/** A server that runs, whoever has started it. */
export class Mock {
  #control;

  constructor({ url, http, caFile = null, ca, token = null, isRunning }) {
    this.url = url;
    this.http = http;
    this.caFile = caFile;
    this.#control = new Control({ http, ca, token, isRunning });
  }

  get environment() {
    return environment(this);
  }

  async space({ name = `node-${process.pid}-${(counted += 1)}`, ...options } = {}) {
    await this.#control.call("POST", "/spaces", { name, scenario: "none", ...options });
    return new Space(this.#control, this.url, name);
  }

  health() {
    return this.#control.call("GET", "/health");
  }

  /** Check the contract of all spaces that there are. */
  async checkContract() {
    const { spaces } = await this.#control.call("GET", "/spaces");
    for (const { name } of spaces) {
      await new Space(this.#control, this.url, name).checkContract();
    }
  }
}

/** A server that was started here. */
class StartedMock extends Mock {
  #process;
  #folder;
  #said;
  #end = null;

  constructor(process, folder, said, ready, ca) {
    super({
      url: ready.url,
      http: ready.http,
      caFile: ready.ca,
      ca,
      token: ready.token,
      isRunning: () => isRunning(process),
    });
    this.#process = process;
    this.#folder = folder;
    this.#said = said;
    this.pid = ready.pid;
  }

  stop({ check = true } = {}) {
    this.#end ??= this.#stop(check);
    return this.#end;
  }

  async #stop(check) {
    try {
      if (check) await this.checkContract();
    } finally {
      await end(this.#process);
      await rm(this.#folder, { recursive: true, force: true });
    }
    // On Windows there are no signals: a process that is ended so has no exit code of its own.
    const { exitCode } = this.#process;
    if (exitCode) throw new Error(`the mock ended with exit code ${exitCode}:\n${this.#said()}`);
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }
}

function isRunning(child) {
  return child.exitCode === null && child.signalCode === null;
}

async function end(child) {
  if (!isRunning(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(killer);
}

/** Start a server on a free port. */
export async function startMock({
  python = process.env.SIGNALWIRE_MOCK_PYTHON,
  scenario = "none",
  seed,
  clock,
  speed,
  latency,
  tls = false,
  args = [],
} = {}) {
  const folder = await mkdtemp(join(tmpdir(), "signalwire-mock-"));
  const readyFile = join(folder, "ready.json");
  const options = Object.entries({ scenario, seed, clock, speed, latency })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name}=${value}`);
  const words = ["-m", "mockserver", "serve", "--port=0", `--ready-file=${readyFile}`, ...options];
  if (tls) words.push("--tls");
  try {
    const child = await launched(python ? [python] : ["python", "python3"], [...words, ...args]);
    const lines = [];
    const note = (data) => {
      lines.push(...String(data).split(/\r?\n/).filter(Boolean));
      lines.splice(0, Math.max(0, lines.length - LINES_TOLD));
    };
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    process.once("exit", () => child.kill("SIGKILL"));
    const ready = await whenReady(child, readyFile, () => lines.join("\n"));
    // Tests that forget to stop the server must not hang; above, it is seen to that it ends with them.
    for (const each of [child, child.stdout, child.stderr]) each.unref();
    const ca = ready.ca === null ? undefined : await readFile(ready.ca);
    return new StartedMock(child, folder, () => lines.join("\n"), ready, ca);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function launched(pythons, words) {
  for (const python of pythons) {
    const child = spawn(python, words, { stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
    try {
      await once(child, "spawn");
      return child;
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(
    `there is no ${pythons.join(" and no ")}: the mock needs Python 3.11 or later; ` +
      "startMock({ python }) or SIGNALWIRE_MOCK_PYTHON says where it is",
  );
}

async function whenReady(child, readyFile, said) {
  const deadline = Date.now() + STARTUP_MS;
  while (isRunning(child)) {
    try {
      // It is written in one step, so it is never seen half.
      return JSON.parse(await readFile(readyFile, "utf8"));
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
    if (Date.now() > deadline) {
      await end(child);
      throw new Error(`the mock did not start within ${STARTUP_MS / 1000} s:\n${said()}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  await Promise.all([child.stdout, child.stderr].map((each) => each.readableEnded || once(each, "end")));
  const hint = said().includes("No module named mockserver")
    ? "\n(install it: python -m pip install signalwire-mockserver)"
    : "";
  throw new Error(`the mock ended with exit code ${child.exitCode}:\n${said()}${hint}`);
}

/** The mock that runs already: that of a globalSetup, or of `python -m mockserver run`. */
export async function currentMock() {
  const { MOCK_SIGNALWIRE_URL: url, MOCK_SIGNALWIRE_HTTP: http } = process.env;
  if (!url || !http) {
    throw new Error(
      "no mock runs: name signalwire-mockserver/vitest or signalwire-mockserver/jest-setup as globalSetup, " +
        "or start the tests by  python -m mockserver run -- npm test",
    );
  }
  const caFile = http.startsWith("https:") ? (process.env.NODE_EXTRA_CA_CERTS ?? null) : null;
  const ca = caFile === null ? undefined : await readFile(caFile);
  return new Mock({ url, http, caFile, ca });
}

/** Start a server whose address stands in this process's environment, for a globalSetup. */
export async function startGlobalMock(options) {
  const mock = await startMock(options);
  for (const [name, value] of Object.entries(mock.environment)) {
    const isOwn = name.startsWith("MOCK_") || name === "NODE_EXTRA_CA_CERTS";
    if (isOwn || !process.env[name]) process.env[name] = value;
  }
  return mock;
}
