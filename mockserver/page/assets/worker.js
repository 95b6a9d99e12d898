// The shared worker: one stream from the server, told to every tab.

import { follow } from "./feed.js";

const ports = new Set();
const spaces = new Map(); // what a tab that comes later has to know
let online = null;
let token = null;
let running = false;

function told(message) {
  if ("online" in message) {
    online = message;
    if (message.online) spaces.clear();
    else if (message.status === 401) running = false;
  }
  for (const each of message.spaces ?? []) spaces.set(each.name, each);
  for (const each of message.gone ?? []) spaces.delete(each);
  for (const port of ports) port.postMessage(message);
}

addEventListener("connect", ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data === "bye") ports.delete(port);
    else if (!running || data.token !== token) {
      token = data.token;
      running = true;
      follow(token ? { Authorization: `Bearer ${token}` } : {}, told);
    } else if (online) {
      port.postMessage({ ...online, spaces: [...spaces.values()], all: true });
    }
  };
});
