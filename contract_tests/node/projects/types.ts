// Compiled, never run: what users write fits the types, and what makes no sense does not.
import { ContractBroken, currentMock, environment, startMock } from "signalwire-mockserver";
import setup from "signalwire-mockserver/vitest";

export async function use(): Promise<void> {
  await using mock = await startMock({ scenario: "none", clock: "manual", tls: true, args: ["--journal=5"] });
  const space = await mock.space({ name: "mine", clock: "manual", latency: "250ms" });
  const { host, project, token } = space.options;
  await space.startRoom(host, ["Ann"], { display_name: project + token });
  const now: number = await space.advance("5s");
  await space.fault("duplicate", { events: "video.recording.*", times: 1 });
  await space.endFaults();
  const { name, kind } = await space.waitFor("video.recording.start", { now }, 1);
  if (kind === "event") throw new ContractBroken(name);
  const caFile: string | null = mock.caFile;
  environment({ url: mock.url, http: mock.http, caFile });
  await (await setup())();
  await (await currentMock()).checkContract();
  // @ts-expect-error there is no such clock
  await mock.space({ clock: "fast" });
  // @ts-expect-error a mock that runs already is not ours to stop
  await (await currentMock()).stop();
}
