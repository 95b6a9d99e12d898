// Reads the server's one stream of changes. It runs in a shared worker, so that any number of tabs
// take one connection, of which a browser allows six.

const RETRY_MS = 1000;

/** Calls `told` with each message, and with {online: false, status} when there is no stream. */
export async function follow(headers, told) {
  for (;;) {
    let status = 0;
    try {
      const response = await fetch("/__mock__/changes", { headers });
      status = response.status;
      if (response.ok) {
        told({ online: true });
        await read(response.body, told);
      }
    } catch {
      // The server is gone; it may come back.
    }
    told({ online: false, status });
    if (status === 401) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function read(body, told) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      if (part.startsWith("data: ")) told(JSON.parse(part.slice(6)));
    }
  }
}
