// Credentials that are not accepted: the word of the client's own, and the service's code inside it.
import assert from "node:assert/strict";

import { Video } from "realtime-api-3";

import { spec } from "../spec.mjs";

const { host, project, token } = spec;
const client = new Video.Client({ host, project, token, logLevel: "warn" });
let refusal;
client._session.session.on("session.auth_error", (error) => (refusal = error));
await assert.rejects(client.subscribe(), { message: "Unauthorized" });
assert.equal(refusal?.code, -32002);
assert.match(refusal.message, /401 Unauthorized/);

client.disconnect();
