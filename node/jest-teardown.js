// The other half of jest-setup: the contract is checked, and the server stopped.
export default async function teardown() {
  await globalThis[Symbol.for("signalwire-mockserver")].stop();
}
