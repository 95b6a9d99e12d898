// An application that records each room for a while, and then fetches the file by REST; prints what it saw as JSON.
import { SignalWire } from "@signalwire/realtime-api"

const { host, http, project } = JSON.parse(process.argv[2])
const basic = Buffer.from(`${project}:any`).toString("base64")

async function ask(method, path, body) {
  const response = await fetch(`${http}/api/video/${path}`, {
    method,
    headers: { Authorization: `Basic ${basic}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : null }
}

async function status(id) {
  return (await ask("GET", `room_recordings/${id}`)).body.status
}

const client = await SignalWire({ project, token: "any", host })
const seen = { realtime: [], rest: [] }

let told
const recorded = new Promise((resolve, reject) => (told = { resolve, reject }))
// Before the room starts: who listens later is not told of it.
await client.video.listen({
  onRoomStarted: async (room) => {
    try {
      seen.layout = room.layoutName
      const streams = await room.getStreams()
      seen.streams = streams.streams.map((stream) => stream.url)
      const recording = await room.startRecording({
        listen: {
          onStarted: () => seen.realtime.push("started"),
          onUpdated: (updated) => seen.realtime.push(updated.state),
          onEnded: (ended) => {
            seen.realtime.push(ended.state)
            told.resolve(ended.id)
          },
        },
      }).onStarted()
      seen.rest.push(await status(recording.id))
      await recording.pause()
      seen.rest.push(await status(recording.id))
      await recording.resume()
      await recording.stop()
    } catch (error) {
      told.reject(error)
    }
  },
})
await ask("POST", "rooms", { name: "hall", layout: "5x5" })
const { body: room } = await ask("GET", "rooms/hall")
seen.stream = (await ask("POST", `rooms/${room.id}/streams`, { url: "rtmp://example.com/live" })).status
await fetch(`${http}/__mock__/spaces/${project}/rooms`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ name: "hall" }),
})
const id = await recorded

const { body: recording } = await ask("GET", `room_recordings/${id}`)
seen.rest.push(recording.status)
const file = await fetch(recording.uri)
seen.type = file.headers.get("content-type")
seen.file = Buffer.from(await file.arrayBuffer()).toString("base64")
seen.deleted = [
  (await ask("DELETE", `room_recordings/${id}`)).status,
  (await ask("GET", `room_recordings/${id}`)).status,
]
console.log(JSON.stringify(seen))
client.disconnect()
process.exit(0)
