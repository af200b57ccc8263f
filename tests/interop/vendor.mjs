// A vendor that prints its port, verifies each order it gets by the secret it is given, and tells
// in one line what it made of it.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.argv[2]);
const server = createServer(async (request, response) => {
  const body = await text(request);
  try {
    console.log(JSON.stringify({ taken: webhook.verify(body, request.headers) }));
    response.writeHead(200).end();
  } catch (error) {
    console.log(JSON.stringify({ refused: error.name }));
    response.writeHead(400, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ error: "bad_signature" }));
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
