/** A globalSetup for jest: starts a mock for the run. */
export default function setup(): Promise<void>;
