import { attend } from "./recorder.js";

const { SIGNALWIRE_HOST: host, SW_PROJECT: project, SW_TOKEN: token } = process.env;

await attend({ host, project, token }, ({ meeting, seconds }) => {
  console.log(seconds === null ? `${meeting}: not recorded` : `${meeting}: ${seconds} seconds`);
});
