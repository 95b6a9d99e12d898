// What becomes of a connection by TLS when Node was not told whom to trust: prints the code of its error.
import { connect } from "node:tls";

import { spec } from "../spec.mjs";

connect({ host: "127.0.0.1", port: spec.port }).on("error", (error) => console.log(error.code));
