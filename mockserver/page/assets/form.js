// A form made from a JSON Schema: a field per property, and the server's complaints beside them.

import { html, useState } from "./vendor/preact.js";

/** What a property wants, in one word. */
function kind(given) {
  const types = [given.type, ...(given.anyOf ?? []).map((each) => each.type)].flat().filter(Boolean);
  if (given.enum) return "choice";
  if (types.includes("object") || types.includes("array")) return "json";
  if (types.length === 1 && types[0] === "boolean") return "boolean";
  if (types.length === 1 && /number|integer/.test(types[0])) return "number";
  return "text";
}

function parsed(given, text) {
  const what = kind(given);
  if (what === "boolean") return text === "true";
  if (what === "number") return Number(text);
  if (what === "json") {
    try {
      return JSON.parse(text);
    } catch {
      // A list of names may be written with commas, a name as it is.
      return text.includes(",") ? text.split(",").map((each) => each.trim()) : text;
    }
  }
  const mixed = given.anyOf?.some((each) => each.type === "number") && /^-?[\d.]+$/.test(text);
  return mixed ? Number(text) : text;
}

/**
 * Args: schema: of an object. known: values to begin with. choices: key -> what to offer.
 * skip: keys that are not asked for. word: of the button, and the form's name. onSend: takes the object; may throw a Problem.
 */
export function Form({ schema, known = {}, choices = {}, skip = [], word, onSend }) {
  const [texts, setTexts] = useState({ ...known });
  const [result, setResult] = useState(null);
  const required = schema.required ?? [];
  const example = schema.examples?.[0] ?? {};
  const keys = Object.keys(schema.properties ?? {}).filter((key) => !skip.includes(key));
  const errors = new Map((result?.errors ?? []).map((each) => [each.path.replace(/^\$\.?/, "").split(/[.[]/)[0], each]));
  const submit = async (event) => {
    event.preventDefault();
    const given = Object.entries(texts).filter(([key, text]) => text !== "" && text !== undefined && keys.includes(key));
    const value = Object.fromEntries(given.map(([key, text]) => [key, parsed(schema.properties[key], text)]));
    try {
      setResult({ good: (await onSend(value)) ?? "done" });
    } catch (error) {
      setResult({ bad: error.message, errors: error.errors });
    }
  };
  return html`<form class="form" aria-label=${word} onSubmit=${submit}>
    ${keys.map((key) => html`<${Input} key=${key} name=${key} given=${schema.properties[key]}
      text=${texts[key] ?? ""} must=${required.includes(key)} example=${example[key]}
      offers=${choices[key]} error=${errors.get(key)}
      onText=${(text) => setTexts({ ...texts, [key]: text })} />`)}
    <p><button class="main">${word}</button>
      ${result?.good && html`<span role="status" class="good">✓ ${result.good}</span>`}</p>
    ${result?.bad && html`<p role="alert" class="wrong">✗ ${result.bad}</p>`}
  </form>`;
}

function Input({ name, given, text, must, example, offers, error, onText }) {
  const what = kind(given);
  const list = offers && `offers-${name}`;
  const common = {
    name, required: must, "aria-invalid": Boolean(error),
    onInput: (event) => onText(event.target.value),
  };
  const hint = example === undefined ? "" : typeof example === "string" ? example : JSON.stringify(example);
  const options = what === "boolean" ? ["true", "false"] : given.enum;
  let control = html`<input ...${common} value=${text} list=${list} placeholder=${hint}
    inputmode=${what === "number" ? "decimal" : undefined} autocomplete="off" />`;
  if (options) {
    control = html`<select ...${common} value=${text}><option value=""></option>
      ${options.map((each) => html`<option value=${each}>${each}</option>`)}</select>`;
  } else if (name === "params" || name === "frame" || name === "meta") {
    control = html`<textarea ...${common} rows="4" spellcheck=${false} placeholder=${hint} value=${text}></textarea>`;
  }
  return html`<label><span>${name}${must && html`<abbr title="required">*</abbr>`}</span>${control}
    <small>${given.description}</small>
    ${list && html`<datalist id=${list}>${offers.map((each) => html`<option value=${each}></option>`)}</datalist>`}
    ${error && html`<small class="bad">✗ expected ${error.expected}, found ${error.found}${error.hint ? `: ${error.hint}` : ""}</small>`}
  </label>`;
}
