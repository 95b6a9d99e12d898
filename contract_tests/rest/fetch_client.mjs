// A program that uses REST by `fetch`, as applications do; prints what it saw as JSON.
const { SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN, SIGNALWIRE_SPACE } = process.env

const basic = Buffer.from(`${SIGNALWIRE_PROJECT_ID}:${SIGNALWIRE_API_TOKEN}`).toString("base64")

async function ask(method, path, body) {
  const response = await fetch(`http://${SIGNALWIRE_SPACE}/api/video/${path}`, {
    method,
    headers: { Authorization: `Basic ${basic}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : null }
}

const { body: tokens } = await ask("POST", "room_tokens", { room_name: "lobby", user_name: "Ann" })
const claims = JSON.parse(Buffer.from(tokens.token.split(".")[1], "base64url"))
const { body: recordings } = await ask("GET", "room_recordings")
const file = await fetch(recordings.data[0].uri)
const refused = await ask("POST", "room_tokens", {})
console.log(JSON.stringify({
  room: claims.r,
  status: recordings.data[0].status,
  bytes: (await file.arrayBuffer()).byteLength - recordings.data[0].size_in_bytes,
  type: file.headers.get("content-type"),
  refused: [refused.status, refused.body.errors[0].attribute],
}))
