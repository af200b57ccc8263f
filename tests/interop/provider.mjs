// An identity provider that prints its port. It knows one client, whose secret and address it is
// told; whoever types a name in its login form is that person, whose address is NAME@example.com,
// verified unless the name begins with "unsure".
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [clientId, secret, redirectUri] = process.argv.slice(2);
const server = createServer((request, answer) => server.serve(request, answer));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [redirectUri] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    pkce: { required: () => true },
    cookies: { keys: ["a test"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: !id.startsWith("unsure") }),
    }),
  });
  server.serve = provider.callback();
  console.log(port);
});
