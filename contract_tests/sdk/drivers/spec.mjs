// What a driver is told: one JSON object as its only argument.
export const spec = JSON.parse(process.argv[2] ?? "{}");

// After a lost connection the vendor's clients wait a random one to four seconds. Here it is always one.
Math.random = () => 0;
