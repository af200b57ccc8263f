// Reads an AsyncAPI document from standard input and says whether the parser of its authors finds it valid.
import { Parser } from "@asyncapi/parser";

let text = "";
for await (const part of process.stdin) text += part;
const { document, diagnostics } = await new Parser().parse(text);
const errors = diagnostics.filter((one) => one.severity === 0).map((one) => one.message);
const messages = document ? document.allMessages().length : 0;
console.log(JSON.stringify({ valid: Boolean(document) && errors.length === 0, errors, messages }));
