// A shop that a retailer could run: Vendure with SQLite, in a folder that is given. Prints its port.
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const [folder, identifier, password] = process.argv.slice(2);
// Vendure keeps things of its own where it is started.
mkdirSync(folder, { recursive: true });
process.chdir(folder);
const {
  bootstrap,
  defaultShippingCalculator,
  defaultShippingEligibilityChecker,
  DefaultLogger,
  dummyPaymentHandler,
  LogLevel,
} = await import("@vendure/core");

// Vendure prints no port it has chosen itself.
const port = await new Promise((found) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => found(port));
  });
});
await bootstrap({
  apiOptions: { hostname: "127.0.0.1", port, adminApiPath: "admin-api", shopApiPath: "shop-api" },
  authOptions: {
    tokenMethod: ["bearer", "cookie"],
    superadminCredentials: { identifier, password },
    cookieOptions: { secret: "of a shop for tests" },
  },
  dbConnectionOptions: {
    type: "sqljs",
    location: join(folder, "shop.sqlite"),
    autoSave: false,
    synchronize: true,
  },
  importExportOptions: { importAssetsDir: folder },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  logger: new DefaultLogger({ level: LogLevel.Error }),
});

let token = "";
async function admin(query, variables = {}) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query, variables });
  const answer = await fetch(`http://127.0.0.1:${port}/admin-api`, { method: "POST", headers, body });
  token = answer.headers.get("vendure-auth-token") || token;
  const { data, errors } = await answer.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

await admin("mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }", {
  u: identifier,
  p: password,
});
const text = (name) => [{ languageCode: "en", name, description: name }];
const { createCountry: country } = await admin(
  "mutation($input: CreateCountryInput!) { createCountry(input: $input) { id } }",
  { input: { code: "GB", enabled: true, translations: [{ languageCode: "en", name: "United Kingdom" }] } },
);
const { createZone: zone } = await admin(
  "mutation($input: CreateZoneInput!) { createZone(input: $input) { id } }",
  { input: { name: "Britain", memberIds: [country.id] } },
);
const { createTaxCategory: category } = await admin(
  "mutation($input: CreateTaxCategoryInput!) { createTaxCategory(input: $input) { id } }",
  { input: { name: "Standard", isDefault: true } },
);
await admin("mutation($input: CreateTaxRateInput!) { createTaxRate(input: $input) { id } }", {
  input: { name: "VAT", enabled: true, value: 20, categoryId: category.id, zoneId: zone.id },
});
const { activeChannel: channel } = await admin("{ activeChannel { id } }");
await admin(
  "mutation($input: UpdateChannelInput!) { updateChannel(input: $input) { __typename ... on ErrorResult { message } } }",
  {
    input: {
      id: channel.id,
      availableCurrencyCodes: ["GBP"],
      defaultCurrencyCode: "GBP",
      pricesIncludeTax: true,
      defaultTaxZoneId: zone.id,
      defaultShippingZoneId: zone.id,
      trackInventory: true,
    },
  },
);
await admin("mutation($input: CreateShippingMethodInput!) { createShippingMethod(input: $input) { id } }", {
  input: {
    code: "standard",
    fulfillmentHandler: "manual-fulfillment",
    translations: text("Standard"),
    checker: { code: defaultShippingEligibilityChecker.code, arguments: [{ name: "orderMinimum", value: "0" }] },
    calculator: {
      code: defaultShippingCalculator.code,
      arguments: [
        { name: "rate", value: "395" },
        { name: "includesTax", value: "include" },
        { name: "taxRate", value: "20" },
      ],
    },
  },
});
await admin("mutation($input: CreatePaymentMethodInput!) { createPaymentMethod(input: $input) { id } }", {
  input: {
    code: "dummy",
    enabled: true,
    translations: text("Dummy"),
    handler: { code: dummyPaymentHandler.code, arguments: [{ name: "automaticSettle", value: "true" }] },
  },
});
console.log(port);
