// The older client subscribes by itself 100 ms after the last `on()`. When it has been disconnected by then,
// that fails, and nothing catches it: the process ends with an error.

/** Keeps until that subscription has been made, when called after `on()`: equal timers end in order. */
export const subscribed = () => new Promise((resolve) => setTimeout(resolve, 100));
