"use strict";
// The keyboard: j and k go through rows, x picks, Enter opens, / searches, Ctrl-K finds anything,
// ? tells all of this, and a button says its own key in data-key.

const isTyping = (at) => at.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const isOpen = () => document.querySelector("dialog[open], dialog:popover-open");

const rows = () => [...document.querySelectorAll("main .table > tbody > tr")].filter((row) => row.querySelector(".row-link"));
const at = () => document.querySelector("tr.at");
const go = (step) => {
  const all = rows();
  if (!all.length) return;
  const next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(at()) + step))] || all[0];
  at()?.classList.remove("at");
  next.classList.add("at");
  next.querySelector(".row-link").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
};
const openDialog = (id) => {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  dialog?.querySelector("input")?.select();
  return dialog;
};

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  x: () => at()?.querySelector(".pick")?.click(),
  o: () => at()?.querySelector(".row-link").click(),
  n: () => document.querySelector("main a[rel=next]")?.click(),
  p: () => document.querySelector("main a[rel=prev]")?.click(),
  "/": () => (document.querySelector("main input[type=search]") || document.querySelector(".finder input"))?.focus(),
  "?": () => openDialog("keys"),
};

document.addEventListener("keydown", (press) => {
  if ((press.ctrlKey || press.metaKey) && press.key.toLowerCase() === "k" && openDialog("palette")) {
    press.preventDefault();
    return;
  }
  if (press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return;
  if (press.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if (isTyping(press.target) && !isOpen()) press.target.blur();
    return;
  }
  if (isTyping(press.target) || isOpen()) return;
  const own = document.querySelector(`[data-key="${CSS.escape(press.key)}"]:not(:disabled)`);
  if (!own && !KEYS[press.key]) return;
  press.preventDefault();
  if (own) own.click();
  else KEYS[press.key]();
});
document.addEventListener("focusin", ({ target }) => {
  const row = target.closest("tr");
  if (!row || row === at() || !row.querySelector(".row-link")) return;
  at()?.classList.remove("at");
  row.classList.add("at");
});

// The palette: arrows go through what was found, Enter opens the first.
document.addEventListener("keydown", (press) => {
  const palette = press.target.closest("#palette");
  if (!palette) return;
  const found = [...palette.querySelectorAll("a[href], button.menu-item")].filter((each) => each.getClientRects().length);
  const here = found.indexOf(document.activeElement);
  if (press.key === "ArrowDown") (found[here + 1] || found[0])?.focus();
  else if (press.key === "ArrowUp") (here > 0 ? found[here - 1] : palette.querySelector("input")).focus();
  // By itself it would empty the field first.
  else if (press.key === "Escape") palette.close();
  else if (press.key === "Enter" && here < 0 && found[0]) found[0].click();
  else return;
  press.preventDefault();
});
document.addEventListener("focusin", ({ target }) => {
  // The search in the bar is the palette where scripts run.
  if (target.matches(".topbar .finder input") && document.getElementById("palette")) {
    target.blur();
    openDialog("palette");
  }
});
