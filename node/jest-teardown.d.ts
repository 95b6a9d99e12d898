/** The globalTeardown for jest: checks the contract, and stops the mock. */
export default function teardown(): Promise<void>;
