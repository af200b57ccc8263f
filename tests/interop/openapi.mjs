// Reads an OpenAPI document and says in one line whether it is valid, resolving every reference.
import { text } from "node:stream/consumers";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const answer = await validator.validate(JSON.parse(await text(process.stdin)));
if (answer.valid) validator.resolveRefs();
console.log(JSON.stringify({ ...answer, version: validator.version }));
