// The same as echo_server.py with Node's ws, if it is installed here: npm install --prefix . ws
import { WebSocketServer } from "ws"

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 1024, perMessageDeflate: false })
server.on("listening", () => console.log(server.address().port))
server.on("connection", (socket) => {
  socket.on("error", () => {})
  socket.on("message", (data) => {
    const text = data.toString()
    if (text.startsWith("!")) for (const each of server.clients) each.send(text)
    else socket.send(text)
  })
})
