"use strict";
// Parts of a page that say data-live="orders payments" are asked for anew (their hx-trigger is
// "live") when one of these modules has told something; "" stands for all. One stream for the page,
// and none while nobody looks at it: browsers give a host few connections.

let stream = null;
let missed = false;

const parts = () => document.querySelectorAll("[data-live]");
// What somebody is in the midst of is not replaced under their hands, nor what they were refused.
const isBegun = (field) => {
  if (field.type === "hidden" || field.closest("dialog:not([open])")) return false;
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (!field.matches("select")) return field.value !== field.defaultValue;
  const all = [...field.options];
  return all[field.selectedIndex] !== (all.find((each) => each.defaultSelected) || all[0]);
};
const isInUse = (part) =>
  part.querySelector("details[open].menu, dialog[open], [role=alert][tabindex]") ||
  [...part.querySelectorAll("input, textarea, select")].some(isBegun) ||
  (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
// What was folded out stays so when the rest is renewed.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => name !== "open" || node.tagName !== "DETAILS";

// A page that asks again by itself is not somebody at work: it does not keep a session from ending.
document.addEventListener("htmx:configRequest", (event) => {
  const cause = event.detail.triggeringEvent;
  if (!cause || cause.type === "live") event.detail.headers["X-Unattended"] = "1";
});
const renew = (part) => {
  if (!part.isConnected) return;
  if (isInUse(part)) setTimeout(renew, 2000, part);
  else htmx.trigger(part, "live");
};
const tell = (topics) => {
  for (const part of parts()) {
    const wanted = part.dataset.live.split(" ").filter(Boolean);
    if (topics && wanted.length && !wanted.some((each) => topics.includes(each))) continue;
    if (part.dataset.waiting) continue;
    part.dataset.waiting = "1";
    // A burst is one change.
    setTimeout(() => {
      delete part.dataset.waiting;
      renew(part);
    }, 300);
  }
};

const listen = () => {
  if (stream || document.hidden || !parts().length) return;
  stream = new EventSource("/live");
  stream.onopen = () => {
    document.documentElement.dataset.stream = "open";
    if (missed) tell(null);
    missed = false;
  };
  stream.onmessage = (message) => tell(message.data.split(" "));
  stream.addEventListener("goodbye", () => location.reload());
  stream.onerror = () => {
    missed = true;
    document.documentElement.dataset.stream = "lost";
    // A refusal closes it for good; ask again after a while.
    if (stream.readyState !== EventSource.CLOSED) return;
    stream = null;
    setTimeout(listen, 15000);
  };
};
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return listen();
  stream?.close();
  stream = null;
  missed = true;
});
document.addEventListener("DOMContentLoaded", listen);
// A script has put another page in the place of this one.
document.addEventListener("page:shown", listen);
