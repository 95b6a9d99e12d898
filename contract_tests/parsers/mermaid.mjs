// Reads diagrams, a JSON list of texts, from standard input; prints what Mermaid's parser says of each.
import mermaid from "mermaid";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const said = [];
for (const text of JSON.parse(input)) {
  try {
    said.push((await mermaid.parse(text)).diagramType);
  } catch (error) {
    said.push(`error: ${error.message}`);
  }
}
console.log(JSON.stringify(said));
