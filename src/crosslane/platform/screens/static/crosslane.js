"use strict";
// What scripts add to pages. Nothing here is needed for a core flow: without scripts pages load
// whole and forms are sent whole.

document.documentElement.classList.add("scripted");

// Dialogs: modal where a script can make them so. Without one they open as popovers.
document.addEventListener("click", (click) => {
  const button = click.target.closest("[popovertarget]");
  const dialog = button && document.getElementById(button.getAttribute("popovertarget"));
  if (!dialog || dialog.tagName !== "DIALOG") return;
  click.preventDefault();
  button.closest("details.menu")?.removeAttribute("open");
  if (dialog.open) dialog.close();
  else dialog.showModal();
});
document.addEventListener("click", (click) => {
  if (click.target.tagName === "DIALOG" && click.target.open) click.target.close();
});

// Menus: one is open at a time, and closes when one looks elsewhere.
const closeMenus = (but) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(but)) menu.open = false;
};
document.addEventListener("click", (click) => closeMenus(click.target));
document.addEventListener("focusin", (focus) => closeMenus(focus.target));

// Rows: pointing anywhere into one follows its link.
document.addEventListener("click", (click) => {
  const row = click.target.closest("tr");
  const link = row?.querySelector(".row-link");
  if (!link || click.target.closest("a, button, input, label, select, summary, .pick-cell")) return;
  if (String(getSelection())) return;
  if (click.ctrlKey || click.metaKey) open(link.href, "_blank", "noopener");
  else link.click();
});

// Picking rows: all of them by the head, from one to another with Shift.
let picked = null;
const count = (form) => {
  const all = [...form.querySelectorAll(".pick")];
  const on = all.filter((each) => each.checked).length;
  for (const told of form.querySelectorAll("[data-picked]")) told.textContent = on;
  const head = form.querySelector(".pick-all");
  if (head) [head.checked, head.indeterminate] = [on > 0 && on === all.length, on > 0 && on < all.length];
};
document.addEventListener("change", ({ target }) => {
  const form = target.closest("form, table");
  if (!target.matches(".pick, .pick-all")) return;
  if (target.matches(".pick-all")) for (const each of form.querySelectorAll(".pick")) each.checked = target.checked;
  count(target.closest("form") || form);
});
document.addEventListener("click", (click) => {
  const pick = click.target;
  if (!pick.matches?.(".pick")) return;
  if (click.shiftKey && picked && picked !== pick) {
    const all = [...pick.closest("table").querySelectorAll(".pick")];
    const [from, to] = [all.indexOf(picked), all.indexOf(pick)].sort((a, b) => a - b);
    if (from >= 0) for (const each of all.slice(from, to + 1)) each.checked = pick.checked;
  }
  picked = pick;
});

// Steppers and copying.
document.addEventListener("click", (click) => {
  const step = click.target.closest("[data-step]");
  if (step) {
    const input = step.parentElement.querySelector("input");
    if (step.dataset.step === "1") input.stepUp();
    else input.stepDown();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const copy = click.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => toast(copy.dataset.said));
});

// A toast of a script's own.
const toast = (text, tone = "good") => {
  const told = document.createElement("p");
  told.className = `toast toast-${tone}`;
  told.textContent = text;
  document.querySelector(".toasts").append(told);
  setTimeout(() => told.remove(), 6000);
};

// What htmx could not bring is told, not swallowed.
for (const failure of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(failure, (event) => {
    if (event.detail.elt?.closest("[data-live]")) return;
    toast(document.querySelector(".toasts").dataset.failed, "bad");
  });
}

// Maps: a picture until somebody wants to look around.
const load = (tag, told) =>
  new Promise((done, failed) => {
    const element = Object.assign(document.createElement(tag), told, { onload: done, onerror: failed });
    document.head.append(element);
  });
document.addEventListener("click", async (click) => {
  const figure = click.target.closest("[data-explore]")?.closest("[data-map]");
  if (!figure) return;
  const { leaflet, leafletStyle, script } = figure.dataset;
  try {
    if (!window.L) await Promise.all([load("link", { rel: "stylesheet", href: leafletStyle }), load("script", { src: leaflet })]);
    if (!window.exploreMap) await load("script", { src: script });
    await window.exploreMap(figure);
  } catch {
    toast(document.querySelector(".toasts").dataset.failed, "bad");
  }
});
