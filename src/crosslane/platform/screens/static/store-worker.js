"use strict";
// Keeps pages of the store that were looked at, and what they are made of, for when there is no
// network. The network always goes first; a copy is shown only when it fails. Copies belong to who
// looked: they go when somebody else does, when the session ends, and after a shift.

const PAGES = "crosslane-pages", PARTS = "crosslane-parts", WHO = "crosslane-who";
const KEPT_MS = 12 * 3_600_000, PAGES_MAX = 60, PATIENCE_MS = 8_000, STAMP = "x-kept-at";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (active) => active.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (fetched) => {
  const { request } = fetched, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) fetched.respondWith(part(request));
  else if (request.mode === "navigate") fetched.respondWith(page(request));
});

// The first page was loaded before there was a worker: the page says where it is, and whose.
self.addEventListener("message", ({ data }) => {
  if (data?.person) whose(data.person).then(() => data.page && fetch(data.page, { credentials: "same-origin" }).then((answer) => keep(data.page, answer))).catch(() => {});
});

const whose = async (person) => {
  const store = await caches.open(WHO);
  const before = await (await store.match("/who"))?.text();
  if (before !== undefined && before !== person) await caches.delete(PAGES);
  await store.put("/who", new Response(person));
};

const part = async (request) => {
  const store = await caches.open(PARTS);
  const kept = await store.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await store.put(request, answer.clone());
  return answer;
};

const page = async (request) => {
  const patience = new AbortController();
  const end = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(request, { signal: patience.signal });
    // Whoever is led to the door, or is refused, has nothing to look at here any more.
    if (answer.type === "opaqueredirect" || answer.redirected) return answer;
    if (answer.status === 401 || answer.status === 403) await caches.delete(PAGES);
    if (answer.ok) await keep(request.url, answer.clone());
    return answer;
  } catch {
    return (await kept(request.url)) ?? Response.error();
  } finally {
    clearTimeout(end);
  }
};

const keep = async (url, answer) => {
  if (!answer.ok || answer.redirected) return;
  const store = await caches.open(PAGES);
  const headers = new Headers(answer.headers);
  headers.set(STAMP, String(Date.now()));
  headers.delete("set-cookie");
  await store.put(url, new Response(await answer.blob(), { headers }));
  const all = await store.keys();
  for (const old of all.slice(0, Math.max(0, all.length - PAGES_MAX))) await store.delete(old);
};

const kept = async (url) => {
  const found = await (await caches.open(PAGES)).match(url, { ignoreVary: true });
  return found && Date.now() - Number(found.headers.get(STAMP)) < KEPT_MS ? found : undefined;
};
