/// <reference lib="esnext.disposable" />
/** Seconds, or a text with a unit: `"250ms"`, `"5s"`, `"2m"`. */
export type Duration = number | string;

type Json = Record<string, unknown>;

/** What a space is made with. */
export interface SpaceOptions {
  /** The space's name, which is also the project id; ids in the space follow from it. Default: made up. */
  name?: string;
  /** A scenario that ships; default `"none"`: nothing happens by itself. */
  scenario?: string;
  /** A scenario of your own: the text of its file. */
  scenario_yaml?: string;
  seed?: number;
  /** A manual clock stands still until `advance()`. */
  clock?: "real" | "manual";
  /** How many times as fast as real time a real clock runs. */
  speed?: number;
  /** Time between a cause and its events. */
  latency?: Duration;
  /** What the token allows; default everything. */
  permissions?: string[];
}

/** What the server is started with. */
export interface StartOptions {
  /** The Python to use; default `SIGNALWIRE_MOCK_PYTHON`, else `python`, else `python3`. */
  python?: string;
  /** The name or file of the scenario of spaces that nobody makes on purpose; default `"none"`. */
  scenario?: string;
  seed?: number;
  clock?: "real" | "manual";
  speed?: number;
  latency?: string;
  /** Speak TLS, by a certificate made for this run; `caFile` has its authority. */
  tls?: boolean;
  /** Further arguments of `python -m mockserver serve`. */
  args?: string[];
}

/** A call of a client, or an event that one was sent. */
export interface Happening {
  kind: "call" | "event";
  name: string;
  params: Json;
  [more: string]: unknown;
}

/** An entry of the trace. */
export interface Entry {
  n: number;
  time: number;
  session: string | null;
  direction: "to_server" | "to_client";
  frame: Json | null;
  valid: boolean;
  [more: string]: unknown;
}

/** How the next calls are answered. */
export interface Answer {
  /** Refuse with this code, such as `"409"`. */
  code?: string;
  /** Answer with a JSON-RPC error of this code. */
  error?: number;
  message?: string;
  data?: Json;
  delay?: Duration;
  after_events?: boolean;
  times?: number;
}

/** A rule of the contract is broken; the message has the frames that prove it. */
export class ContractBroken extends Error {
  readonly violations: Json[];
}

/** The mock has refused what a test asked of it. */
export class MockError extends Error {
  readonly status: number;
  /** The whole problem document (RFC 9457). */
  readonly problem: Json;
}

/** A space: its rooms, clock, script and trace are its own. */
export class Space implements AsyncDisposable {
  private constructor();
  readonly project: string;
  readonly token: string;
  /** Where clients connect to get into this space, whatever project id they have. */
  readonly url: string;
  /** What the vendor's client takes: `await SignalWire(space.options)`. */
  readonly options: { host: string; project: string; token: string };
  /** People join a room, which starts it. */
  startRoom(name?: string, members?: number | string[], more?: { display_name?: string; wait?: boolean }): Promise<Json>;
  rooms(): Promise<Json[]>;
  /** The service, or somebody in the room, does something: `perform("leave", { name: "Bob" })`. */
  perform(verb: string, args?: Json): Promise<unknown>;
  /**
   * Do something wrong on purpose from now on: `fault("duplicate", { events: "video.recording.*", times: 1 })`.
   * `python -m mockserver faults` lists all. While `restart` keeps the port closed, what a test asks of the mock waits.
   */
  fault(name: string, parameters?: Json): Promise<Json>;
  /** End all faults that go on. */
  endFaults(): Promise<void>;
  answerNext(method: string, answer: Answer): Promise<void>;
  /** Wait for a call or an event that no earlier wait has returned; it may have come already. */
  waitFor(name: string, params?: Json, timeout?: Duration): Promise<Happening>;
  calls(method?: string): Promise<Happening[]>;
  events(type?: string): Promise<Happening[]>;
  /** Move a manual clock; gives the new time in unix seconds. */
  advance(by: Duration, options?: { acknowledged?: boolean }): Promise<number>;
  runUntilIdle(options?: { acknowledged?: boolean }): Promise<number>;
  trace(): Promise<Entry[]>;
  /** Rejects with ContractBroken. */
  checkContract(options?: { ignore?: string[] }): Promise<void>;
  /** Check the contract, and end the space and its connections. Again is harmless. */
  end(options?: { check?: boolean; ignore?: string[] }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server that runs. */
export class Mock {
  protected constructor();
  /** Where clients connect. */
  readonly url: string;
  /** Where the control API, the REST API and the page are. */
  readonly http: string;
  /** The certificate that clients have to trust (PEM); null without TLS. */
  readonly caFile: string | null;
  /** The variables by which applications find it. */
  readonly environment: Record<string, string>;
  /** Make a space, one for each test. */
  space(options?: SpaceOptions): Promise<Space>;
  health(): Promise<Json>;
  /** Rejects with ContractBroken when a rule is broken in any space that there is. */
  checkContract(): Promise<void>;
}

/** A server that `startMock` has started. */
export interface StartedMock extends Mock, AsyncDisposable {
  readonly pid: number;
  /** Check the contract of all spaces, and end the server. Again is harmless. */
  stop(options?: { check?: boolean }): Promise<void>;
}

/** Start `python -m mockserver` on a free port. */
export function startMock(options?: StartOptions): Promise<StartedMock>;

/** The mock that runs already: that of a globalSetup, or of `python -m mockserver run`. */
export function currentMock(): Promise<Mock>;

/** As `startMock`, and put its address into `process.env`: for a globalSetup of your own. */
export function startGlobalMock(options?: StartOptions): Promise<StartedMock>;

/** The environment by which applications find a mock. */
export function environment(mock: {
  url: string;
  http: string;
  caFile?: string | null;
  project?: string;
  token?: string;
}): Record<string, string>;
