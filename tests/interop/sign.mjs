// Reads {secret, id, at, body} and answers with the headers of a signed webhook.
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const { secret, id, at, body } = JSON.parse(await text(process.stdin));
const when = new Date(at * 1000);
console.log(
  JSON.stringify({
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": new Webhook(secret).sign(id, when, body),
  }),
);
