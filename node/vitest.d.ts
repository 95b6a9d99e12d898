/** A globalSetup for vitest: starts a mock for the run, and checks the contract at its end. */
export default function setup(): Promise<() => Promise<void>>;
