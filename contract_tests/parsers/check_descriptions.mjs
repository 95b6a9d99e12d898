// Reads {asyncapi, openrpc} from standard input; prints what the parsers of the two formats say.
import { Parser } from "@asyncapi/parser";
import openrpc from "@open-rpc/schema-utils-js";
import { text } from "node:stream/consumers";

const documents = JSON.parse(await text(process.stdin));
const { document, diagnostics } = await new Parser().parse(JSON.stringify(documents.asyncapi));
const verdict = openrpc.validateOpenRPCDocument(documents.openrpc);
console.log(
  JSON.stringify({
    // 0 is an error, 1 a warning; what is less is advice, such as that there is a newer version.
    asyncapi: diagnostics
      .filter((each) => each.severity <= 1)
      .map((each) => `${each.path.join(".")}: ${each.message}`),
    operations: document ? document.operations().all().length : 0,
    openrpc: verdict === true ? [] : [String(verdict.message ?? verdict)],
  }),
);
