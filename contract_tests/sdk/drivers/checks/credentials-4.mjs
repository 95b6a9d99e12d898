// Credentials that are not accepted: only a listener is told, with the service's code and words.
import assert from "node:assert/strict";

import { connect } from "./room-4.mjs";

let refusal;
const client = await connect({ onAuthError: (error) => (refusal = error) });
assert.equal(refusal?.code, -32002);
assert.match(refusal.message, /401 Unauthorized/);
assert.equal(client.authStatus, "unauthorized");

await client.disconnect();
