"use strict";
// No tap is lost. A form with data-tap is written down in this browser before anything is sent, and
// sent from there, the oldest first, whenever there is a network. Its wish (_wish) goes along, so
// that the server does it once, however often it comes: also when it did it and the answer was lost.
//
// A tap is { path, body, page, label, about, subject, person }, under a key of its own that sorts by
// time: two windows never write the same place. Refused ones are kept until somebody has looked.

const TAP = "crosslane-tap:", REFUSED = "crosslane-refused:";
const ANSWER_MS_MAX = 20_000, PATIENCE_MS = 1_200, AGAIN_MS = 5_000, TOLD_CHARACTERS_MAX = 300;
const SENT_LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

const told = () => document.getElementById("taps");
const person = () => told()?.dataset.person ?? "";
const keys = (kind) => Object.keys(localStorage).filter((key) => key.startsWith(kind)).sort();
const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
const taps = () => keys(TAP).map((key) => ({ key, ...read(key) })).filter((tap) => tap.path);
const own = () => taps().filter((tap) => tap.person === person());

let count = 0, sending = false, signedOut = false, timer = 0;
const keyOf = (kind) => `${kind}${String(Date.now()).padStart(14, "0")}.${String(count++).padStart(6, "0")}.${Math.random().toString(36).slice(2, 8)}`;

// Write a form down; what was filled in may change afterwards.
const keep = (form, button) => {
  const body = new URLSearchParams(new FormData(form, button));
  body.set("at", new Date().toISOString());
  const { tap, about = "", subject = "" } = form.dataset;
  const path = new URL(form.action).pathname;
  const key = keyOf(TAP);
  localStorage.setItem(key, JSON.stringify({ path, body: String(body), page: location.pathname, label: tap, about, subject: subject || path, person: person() }));
  return key;
};

document.addEventListener("submit", (submit) => {
  const form = submit.target;
  if (!form.matches?.("[data-tap]") || submit.defaultPrevented) return;
  let key;
  // Without a place to write to, such as in a private window, the form is sent as it is.
  try { key = keep(form, submit.submitter); } catch { return; }
  submit.preventDefault();
  for (const button of form.querySelectorAll("button:not([type=button])")) button.disabled = true;
  form.classList.add("tapped");
  setTimeout(() => { if (localStorage.getItem(key)) advance(form.getAttribute("action")); }, navigator.onLine ? PATIENCE_MS : 0);
  send();
});

// While the answer is awaited the page goes on by itself: the next stage of the work is shown.
const STAGES = ["accept", "look", "pick", "pack", "leave"];
const advance = (action) => {
  const form = [...document.querySelectorAll("form[data-tap]")].find((one) => one.getAttribute("action") === action && (one.closest("[data-stage]") || one));
  const stage = form?.closest("[data-stage]");
  for (const mark of document.querySelectorAll("[data-kept]")) mark.hidden = false;
  if (!stage) { if (form) form.hidden = true; return; }
  const at = STAGES.indexOf(stage.dataset.stage);
  stage.hidden = true;
  if (at < 0) return;
  const later = [...document.querySelectorAll("[data-stage]")].filter((one) => STAGES.indexOf(one.dataset.stage) > at);
  for (const one of later) if (one.dataset.stage === "look") one.hidden = true;
  for (const gone of document.querySelectorAll('[data-stage="reject"]')) gone.hidden = true;
  const next = later.filter((one) => one.dataset.stage !== "look")[0];
  if (next) next.hidden = false;
};

// One window sends at a time, or what belongs together would arrive in another order.
const send = (forced) => {
  if (sending) return;
  sending = true;
  show();
  const work = () => sendAll(forced === true).finally(() => { sending = false; show(); });
  if (navigator.locks) navigator.locks.request("crosslane-taps", work);
  else work();
};

const sendAll = async (forced) => {
  clearTimeout(timer);
  // Back on the network the browser says so; a button asks all the same.
  if (!navigator.onLine && !forced) return;
  for (let [tap] = own(); tap; [tap] = own()) {
    show();
    const answer = await ask(tap);
    if (answer === null) { timer = setTimeout(send, AGAIN_MS); return; }
    if (answer === "sign-in") { signedOut = true; return; }
    signedOut = false;
    localStorage.removeItem(tap.key);
    if (answer.ok) await arrive(tap, answer);
    else await refuse(tap, answer);
  }
};

// The answer, null when there was none that counts: it is asked again, under the same wish.
const ask = async (tap) => {
  const patience = new AbortController();
  const end = setTimeout(() => patience.abort(), ANSWER_MS_MAX);
  try {
    const answer = await fetch(tap.path, { method: "POST", body: tap.body, headers: { "Content-Type": "application/x-www-form-urlencoded" }, credentials: "same-origin", signal: patience.signal });
    if (new URL(answer.url).pathname.startsWith("/sign-in") || answer.status === 401) return "sign-in";
    if (SENT_LATER.has(answer.status)) return null;
    return { ok: answer.ok, url: answer.url, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
  } catch {
    return null;
  } finally {
    clearTimeout(end);
  }
};

// Show the page that answers a tap, if it was made on the page that is looked at and is the last.
const arrive = async (tap, answer) => {
  const toast = answer.page.querySelector(".toast");
  if (tap.page !== location.pathname || own().some((one) => one.page === tap.page)) {
    if (toast) document.querySelector(".toasts")?.append(document.importNode(toast, true));
    return;
  }
  swap(answer);
};

const swap = ({ page, url }) => {
  const main = page.getElementById("main");
  if (!main) { location.assign(url); return; }
  const same = new URL(url).pathname === location.pathname;
  document.getElementById("main").replaceWith(document.adoptNode(main));
  const toasts = page.querySelector(".toasts");
  if (toasts) document.querySelector(".toasts")?.replaceWith(document.adoptNode(toasts));
  document.title = page.title;
  const there = new URL(url);
  history[same ? "replaceState" : "pushState"](null, "", there.pathname + there.search);
  for (const link of document.querySelectorAll(".nav a, .tabbar a")) {
    if (new URL(link.href).pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (window.htmx) window.htmx.process(document.getElementById("main"));
  scrollTo(0, 0);
  document.dispatchEvent(new Event("page:shown"));
  show();
};

// Refused: later taps on the same thing rest on it, so they are not sent either.
const refuse = async (tap, answer) => {
  const reason = answer.page.querySelector(".notice-bad")?.textContent.trim().slice(0, TOLD_CHARACTERS_MAX) || told()?.dataset.failed || "";
  const after = own().filter((one) => one.subject === tap.subject);
  for (const one of after) localStorage.removeItem(one.key);
  const here = tap.page === location.pathname && !after.length && answer.page.querySelector(".notice-bad");
  if (here && !document.querySelector("[data-kept]:not([hidden])")) {
    // On another page of ours the address stays: it is that of a form.
    swap({ page: answer.page, url: location.href });
    return;
  }
  localStorage.setItem(keyOf(REFUSED), JSON.stringify({ page: tap.page, label: tap.label, about: tap.about, reason, after: after.length, person: tap.person }));
  if (tap.page === location.pathname) await renew();
};

// Show what the page is like now, where it had gone on by itself.
const renew = async () => {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) swap({ url: answer.url, page: new DOMParser().parseFromString(await answer.text(), "text/html") });
  } catch { /* The banner leads there as well. */ }
};

// The banner: what waits, and what was refused with where to look.
const show = () => {
  const box = told();
  if (!box) return;
  const says = box.dataset, mine = own(), others = taps().length - mine.length;
  const refused = keys(REFUSED).map((key) => ({ key, ...read(key) })).filter((one) => one.person === person());
  const slow = mine.filter((tap) => Date.now() - Number(tap.key.slice(TAP.length, TAP.length + 14)) > PATIENCE_MS || !navigator.onLine);
  // Only what is new is said: whoever listens hears it once, and no button goes from under a finger.
  const state = JSON.stringify([slow.length, others, refused.map((one) => one.key), sending, signedOut, navigator.onLine]);
  if (box.dataset.state === state) return;
  box.dataset.state = state;
  const parts = [];
  if (slow.length) {
    const text = slow.length === 1 ? says.one : says.many.replace("#", slow.length);
    parts.push(line(signedOut ? says.out : sending && navigator.onLine ? says.sending : text, "taps-wait", [button(says.again, () => send(true))]));
  }
  if (others) parts.push(line(says.other.replace("#", others), "taps-wait"));
  for (const one of refused) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = one.page;
    link.textContent = says.look;
    const after = one.after ? ` ${says.after.replace("#", one.after)}.` : "";
    const dismiss = button(says.dismiss, () => { localStorage.removeItem(one.key); show(); });
    parts.push(line(`${says.refused} ${one.label}${one.about ? ` (${one.about})` : ""}. ${one.reason}${after}`, "taps-refused", [link, dismiss]));
  }
  box.replaceChildren(...parts);
  box.hidden = !parts.length;
};

const line = (text, kind, more = []) => {
  const row = document.createElement("div");
  row.className = `taps-line ${kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  row.append(words, ...more);
  return row;
};

const button = (text, act) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
};

// A page that comes from the browser's own copy shows what was before the taps: go on from there.
const replay = () => {
  for (const tap of own()) if (tap.page === location.pathname) advance(tap.path);
};

addEventListener("online", send);
addEventListener("offline", show);
addEventListener("storage", show);
addEventListener("pageshow", () => { replay(); show(); if (own().length) send(); });
setInterval(show, 1_000);
