import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { globalSetup: ["signalwire-mockserver/vitest"], testTimeout: 300_000 },
});
