"use strict";
// The store's hands: scanning by wedge or camera, ticking lines off, signing. Taps: store-taps.js.

const says = () => document.getElementById("taps")?.dataset ?? {};
const tell = (text, tone = "good") => {
  const box = document.querySelector(".toasts");
  if (!box) return;
  const made = document.createElement("p");
  made.className = `toast toast-${tone}`;
  made.textContent = text;
  box.replaceChildren(made);
};

// What is scanned counts a line of the page; what no line knows is looked for everywhere.
const BUZZ_MS = 60, BUZZ_WRONG_MS = [120, 80, 120];
const codeOf = (text) => text.trim().toUpperCase().replace(/^0+(?=.)/, "");
const scanned = (text) => {
  const code = codeOf(text);
  const lines = [...document.querySelectorAll("main [data-codes]")].filter((line) => code in JSON.parse(line.dataset.codes));
  if (!lines.length) return false;
  const line = lines.find((one) => seenOf(one) < Number(one.dataset.units)) ?? lines[0];
  const units = Number(line.dataset.units), seen = seenOf(line);
  line.scrollIntoView({ block: "center" });
  if (seen >= units) {
    navigator.vibrate?.(BUZZ_WRONG_MS);
    tell(`${says().full} ${line.dataset.title}`, "bad");
    return true;
  }
  navigator.vibrate?.(BUZZ_MS);
  setSeen(line, Math.min(units, seen + JSON.parse(line.dataset.codes)[code]));
  for (const other of document.querySelectorAll(".shelf-scanned")) other.classList.remove("shelf-scanned");
  line.classList.add("shelf-scanned");
  return true;
};
const seenOf = (line) => Number(line.dataset.done ?? 0);
const setSeen = (line, seen) => {
  line.dataset.done = seen;
  const units = Number(line.dataset.units), told = line.querySelector("[data-seen]");
  if (told) {
    told.hidden = !seen || seen === units;
    told.textContent = `${seen}/`;
  }
  line.classList.toggle("shelf-done", seen === units);
  line.querySelector("[data-tick]")?.setAttribute("aria-pressed", String(seen === units));
  const box = line.querySelector("input[type=checkbox]");
  if (box && seen === units) box.checked = true;
};
const scan = (text) => {
  if (!text.trim() || scanned(text)) return;
  if (document.querySelector("main [data-codes]") && /^[0-9]{6,}$/.test(text.trim())) {
    navigator.vibrate?.(BUZZ_WRONG_MS);
    tell(`${says().unread} ${text.trim()}`, "bad");
    return;
  }
  // On the page of an article a shelf is scanned to say that it lies there.
  const bin = /^[0-9]{6,}$/.test(text.trim()) ? null : document.querySelector("[data-bin]");
  // Where goods are taken back, what is scanned is one more of them.
  const box = document.querySelector("[data-take]") ?? bin ?? document.querySelector("[data-scan]");
  if (box) { box.value = text.trim(); box.form.requestSubmit(); }
};
document.addEventListener("submit", (submit) => {
  const box = submit.target.querySelector?.("[data-scan]");
  if (!box || !scanned(box.value)) return;
  submit.preventDefault();
  box.value = "";
});

// A wedge types faster than people and ends with Enter.
const WEDGE_MS_MAX = 40, WEDGE_CHARACTERS_MIN = 4;
let typed = "", typedAt = 0;
document.addEventListener("keydown", (key) => {
  if (key.ctrlKey || key.altKey || key.metaKey || key.target.closest("input, textarea, select")) return;
  const fast = key.timeStamp - typedAt < WEDGE_MS_MAX;
  typedAt = key.timeStamp;
  if (key.key === "Enter") {
    if (typed.length >= WEDGE_CHARACTERS_MIN && fast) { key.preventDefault(); scan(typed); }
    typed = "";
  } else if (key.key.length === 1) typed = fast ? typed + key.key : key.key;
});

// The camera's part is loaded when somebody opens it.
document.addEventListener("click", async (click) => {
  const button = click.target.closest("[data-camera]");
  if (!button) return;
  const { open } = await import(button.dataset.camera);
  open({ zxing: button.dataset.zxing, found: scan, close: says().dismiss, failed: (text) => tell(text, "bad") });
});

// Ticking a line off by hand.
document.addEventListener("click", (click) => {
  const tick = click.target.closest("[data-tick]");
  if (!tick) return;
  const line = tick.closest("[data-codes]"), units = Number(line.dataset.units);
  setSeen(line, seenOf(line) === units ? 0 : units);
});

// Units that come back are told of: why, and where they go. It is asked as they are typed, and not
// once the field is left, when the page would move under the finger.
const aboutOf = (units) => units.closest("li").querySelector("details");
const ask = ({ target }) => {
  if (target.matches?.("[data-opens]")) {
    const about = aboutOf(target), some = Number(target.value) > 0;
    [about.open, about.hidden] = [some, !some];
  }
  const told = target.matches?.("select") && target.closest(".counter-about")?.querySelector("[data-told]");
  if (told) told.textContent = [...target.closest(".counter-about").querySelectorAll("[data-tells]")].map((one) => one.selectedOptions[0].text).join(" · ");
};
document.addEventListener("input", ask);
document.addEventListener("change", ask);

// Signing: the pen's way in whole numbers, "M12 30L14 33", and nothing else is kept.
const STROKES_CHARACTERS_MAX = 15_800, NEAR = 2;
let pen = null;
const place = (pad, event) => {
  const box = pad.getBoundingClientRect();
  const within = (at, most) => Math.max(0, Math.min(most - 1, Math.round(at)));
  return [within((event.clientX - box.left) * pad.width / box.width, pad.width), within((event.clientY - box.top) * pad.height / box.height, pad.height)];
};
document.addEventListener("pointerdown", (down) => {
  if (!down.target.matches?.("[data-pad]")) return;
  down.preventDefault();
  pen = { pad: down.target, at: place(down.target, down) };
  pen.pad.setPointerCapture(down.pointerId);
  pen.pad.closest("form").elements.strokes.value += `M${pen.at.join(" ")}`;
});
document.addEventListener("pointermove", (move) => {
  if (!pen) return;
  const at = place(pen.pad, move), field = pen.pad.closest("form").elements.strokes;
  if (Math.hypot(at[0] - pen.at[0], at[1] - pen.at[1]) < NEAR || field.value.length > STROKES_CHARACTERS_MAX) return;
  const ink = pen.pad.getContext("2d");
  ink.strokeStyle = getComputedStyle(pen.pad).color;
  [ink.lineWidth, ink.lineCap] = [4, "round"];
  ink.beginPath();
  ink.moveTo(...pen.at);
  ink.lineTo(...at);
  ink.stroke();
  pen.at = at;
  field.value += `L${at.join(" ")}`;
});
document.addEventListener("pointerup", () => { pen = null; });
document.addEventListener("click", (click) => {
  const wipe = click.target.closest("[data-wipe]");
  if (!wipe) return;
  const pad = wipe.parentElement.querySelector("[data-pad]");
  pad.getContext("2d").clearRect(0, 0, pad.width, pad.height);
  wipe.closest("form").elements.strokes.value = "";
});

// What only scripts can do is shown once there are scripts.
const ready = () => {
  for (const one of document.querySelectorAll("[data-tick], [data-sign]")) one.hidden = false;
  for (const one of document.querySelectorAll("[data-opens]")) aboutOf(one).hidden = !(Number(one.value) > 0);
  for (const one of document.querySelectorAll("[data-camera]")) one.hidden = !navigator.mediaDevices?.getUserMedia;
};
document.addEventListener("page:shown", ready);
ready();

// Pages that were looked at are at hand without a network, as long as one is signed in.
document.addEventListener("submit", ({ target }) => {
  if (target.getAttribute("action") === "/sign-out") window.caches?.delete("crosslane-pages");
});
const worker = document.getElementById("taps")?.dataset.worker;
if (worker && navigator.serviceWorker) {
  navigator.serviceWorker.register(worker, { scope: "/store/" }).catch(() => {});
  navigator.serviceWorker.ready.then((found) => found.active?.postMessage({ person: says().person, page: location.href }));
}
