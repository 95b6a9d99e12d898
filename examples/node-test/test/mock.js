// The tester's hand on the mock, by its control API.
const { MOCK_SIGNALWIRE_URL: host, MOCK_SIGNALWIRE_HTTP: http } = process.env;

if (!http) {
  throw new Error("no mock: run the tests with  python -m mockserver run -- npm test");
}

async function post(path, body) {
  const answer = await fetch(`${http}/__mock__/spaces${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** A project that only one test has; nothing happens in it by itself unless a scenario is named. */
export async function makeSpace(name, settings = { scenario: "none", clock: "manual" }) {
  await post("", { name, ...settings });
  return {
    /** What the application connects with. */
    options: { host, project: name, token: "any" },
    /** People join a room, which starts it. */
    startRoom: (room, members) => post(`/${name}/rooms`, { name: room, members }),
    /** The service, or somebody in the room, does something. */
    perform: (verb, args) => post(`/${name}/actions`, { do: verb, ...args }),
    /** The next call of this method is answered otherwise. */
    answerNext: (method, answer) => post(`/${name}/answers`, { method, ...answer }),
    /** Wait for a call of the application, or for an event that it is told. */
    waitFor: (what) => post(`/${name}/expectations`, { name: what }),
    /** Seconds pass, as soon as the application has acknowledged what it was told. */
    advance: (seconds) => post(`/${name}/clock/advance`, { seconds, acknowledged: true }),
  };
}
