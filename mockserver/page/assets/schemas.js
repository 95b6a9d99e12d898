// The protocol's schemas, fetched one by one when somebody looks, or brought by a report.

import { signal } from "./vendor/preact.js";
import * as api from "./api.js";

const known = new Map();
const arrived = signal(0);
const asked = new Set();
let offline = false;

/** Takes the schemas of a report: name -> schema. Nothing is fetched from then on. */
export function bring(all) {
  offline = true;
  for (const [name, given] of Object.entries(all)) known.set(name, named(given, name));
}

/** The same schema, in which each reference is a full name such as "objects/member". */
function named(given, name) {
  if (Array.isArray(given)) return given.map((each) => named(each, name));
  if (given === null || typeof given !== "object") return given;
  const result = Object.fromEntries(Object.entries(given).map(([key, each]) => [key, named(each, name)]));
  if (typeof given.$ref === "string") {
    result.$ref = new URL(given.$ref, `http://x/${name}`).pathname.slice(1).replace(/\.json$/, "");
  }
  return result;
}

/** The schema of a full name such as "events/video.room.started"; null until it is here. */
export function schema(name) {
  arrived.value; // whoever asks is drawn again when one arrives
  if (known.has(name)) return known.get(name);
  if (!offline && name && !asked.has(name)) {
    asked.add(name);
    api.get(`/schemas/${name}`).catch(() => ({})).then((found) => {
      known.set(name, named(found, name));
      arrived.value += 1;
    });
  }
  return null;
}

/** A schema with its reference followed: what it says itself comes first. */
export function resolved(given) {
  if (!given?.$ref) return given ?? {};
  const target = resolved(schema(given.$ref));
  const properties = { ...target.properties };
  for (const [key, each] of Object.entries(given.properties ?? {})) {
    properties[key] = { ...properties[key], ...each };
  }
  return { ...target, ...given, $ref: undefined, properties };
}

/** The schema of a field or an element below this one. */
export function below(given, key) {
  const here = resolved(given);
  if (here.properties?.[key]) return here.properties[key];
  if (here.items && Number.isInteger(key)) return here.items;
  for (const each of [...(here.anyOf ?? []), ...(here.oneOf ?? []), ...(here.allOf ?? [])]) {
    const found = below(each, key);
    if (found) return found;
  }
  return typeof here.additionalProperties === "object" ? here.additionalProperties : null;
}
