// jest: globalSetup: "signalwire-mockserver/jest-setup", and globalTeardown: "signalwire-mockserver/jest-teardown".
import { startGlobalMock } from "./index.js";

export default async function setup() {
  globalThis[Symbol.for("signalwire-mockserver")] = await startGlobalMock();
}
