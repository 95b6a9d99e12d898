// How to connect, per language, to copy and paste.

import { html, useState } from "./vendor/preact.js";
import * as state from "./state.js";
import { Copy } from "./detail.js";

function snippets(url, http, project) {
  return {
    "Node 4": `import { SignalWire } from "@signalwire/realtime-api"

const client = await SignalWire({ host: "${url}", project: "${project}", token: "any" })
await client.video.listen({
  onRoomStarted: async (room) => {
    await room.startRecording({ listen: { onStarted: () => console.log("recording") } })
  },
})
`,
    "Node 3": `import { Video } from "@signalwire/realtime-api"

const video = new Video.Client({ host: "${url}", project: "${project}", token: "any" })
video.on("room.started", async (room) => {
  room.on("recording.started", () => console.log("recording"))
  await room.subscribe()
  await room.startRecording()
})
await video.subscribe()
`,
    Python: `import asyncio
from client_stub import SignalWire


async def main():
    async with await SignalWire(host="${url}", project="${project}", token="any") as client:
        async def on_room_started(room):
            await room.start_recording()

        await client.video.listen(on_room_started=on_room_started)
        await asyncio.sleep(60)


asyncio.run(main())
`,
    env: `export MOCK_SIGNALWIRE_URL=${url}
export MOCK_SIGNALWIRE_HTTP=${http}
export SIGNALWIRE_PROJECT_ID=${project}
export SIGNALWIRE_API_TOKEN=any
`,
    "run --": `python -m mockserver run -- npm test
python -m mockserver run -- pytest
`,
  };
}

export function Connect() {
  const [chosen, setChosen] = useState("Node 4");
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
  const all = snippets(url, location.origin, state.open.value || "my-test");
  return html`<section class="connect" aria-label="Connect">
    <h2>Connect your application</h2>
    <p>Any project and token will do. The project id names the space; the token${" "}
      <code>scenario:NAME</code> picks a scenario.</p>
    <div class="tabs" role="tablist" aria-label="Language">${Object.keys(all).map((each) => html`
      <button role="tab" aria-selected=${each === chosen} onClick=${() => setChosen(each)}>${each}</button>`)}</div>
    <div class="snippet"><pre tabindex="0" aria-label=${`Code for ${chosen}`}>${all[chosen]}</pre>
      <${Copy} name="copy" text=${all[chosen]} /></div>
    <p class="dim">What it says appears here as it happens. Drop a saved trace on this page to look at it.</p>
  </section>`;
}
