// vitest: test.globalSetup = ["signalwire-mockserver/vitest"]. The contract is checked when all tests are over.
import { startGlobalMock } from "./index.js";

export default async function setup() {
  const mock = await startGlobalMock();
  return async () => {
    try {
      await mock.stop();
    } catch (error) {
      // vitest prints what a teardown throws, and passes all the same.
      process.exitCode = 1;
      throw error;
    }
  };
}
