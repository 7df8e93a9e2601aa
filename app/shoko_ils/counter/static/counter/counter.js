// Keeps the scan field ready and drops no scan: a number typed while the server answers waits its turn.
"use strict";

const field = document.getElementById("scan");
const form = document.querySelector("[data-scan]");
const result = document.querySelector("[data-result]");
const policy = window.trustedTypes?.createPolicy("shoko", { createHTML: (text) => text });
const waiting = [];
let busy = false;

// The server's page, parsed but not run; only its result, its key and its sitting are taken over.
const parse = (text) => new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");

// Reads with the same key until it answers: whatever the first try did, a repeated one changes nothing.
async function send({ scan, act }) {
  const body = new FormData(form);
  body.set("scan", scan);
  if (act) {
    body.set("act", act);
  }
  const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
  if (answer.redirected || !answer.headers.get("content-type")?.startsWith("text/html")) {
    window.location.assign(answer.url);
    return;
  }
  const page = parse(await answer.text());
  const fresh = page.querySelector("[data-scan]");
  if (!fresh) {
    throw new Error(`unexpected answer ${answer.status}`);
  }
  keepStops(fresh);
  for (const name of ["key", "sitting"]) {
    form.elements[name].value = fresh.elements[name].value;
  }
  if (fresh.elements.scan.value) {
    field.value = fresh.elements.scan.value;
    waiting.length = 0;
  }
  form.querySelector("label").textContent = fresh.querySelector("label").textContent;
  result.replaceChildren(...page.querySelector("[data-result]").childNodes);
  sound();
}

// Done is one short tone, a note two, a stop one low and long: the word on the screen says the same.
const TONES = { done: [[880, 0, 0.08]], note: [[660, 0, 0.1], [660, 0.16, 0.1]], stop: [[180, 0, 0.6]] };
let audio = null;

function sound() {
  const kind = /notice-(done|note|stop)/.exec(result?.querySelector(".notice")?.className ?? "")?.[1];
  if (!kind || !window.AudioContext) {
    return;
  }
  audio ??= new AudioContext();
  for (const [pitch, after, length] of TONES[kind]) {
    const tone = audio.createOscillator();
    tone.type = kind === "stop" ? "square" : "sine";
    tone.frequency.value = pitch;
    tone.connect(audio.destination);
    tone.start(audio.currentTime + after);
    tone.stop(audio.currentTime + after + length);
  }
}

// A stop must not vanish under the next scan: it stays listed until the patron changes.
function keepStops(fresh) {
  const list = document.querySelector("[data-stops]");
  const stop = result.querySelector(".notice-stop");
  if (stop) {
    list.prepend(stop);
  }
  if (!fresh.elements.sitting.value || !form.elements.sitting.value) {
    list.replaceChildren();
  }
}

async function work() {
  if (busy) {
    return;
  }
  busy = true;
  while (waiting.length) {
    const scan = waiting[0];
    form.querySelector("[data-waiting]").textContent = waiting.slice(1).map((one) => one.scan).join(" · ");
    try {
      await send(scan);
      waiting.shift();
    } catch {
      // the number goes back into the field: Enter sends it again with the same key
      field.value = scan.scan;
      waiting.length = 0;
      form.querySelector("[data-offline]").hidden = false;
      busy = false;
      return;
    }
  }
  form.querySelector("[data-waiting]").textContent = "";
  form.querySelector("[data-offline]").hidden = true;
  busy = false;
}

if (field) {
  field.addEventListener("focus", () => field.select());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      field.focus();
    }
  });
  // A scanner types wherever the focus is; letters and digits belong into the field.
  document.addEventListener("keydown", (event) => {
    const plain = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    const chooses = event.target.closest("input[type=radio], select") && /\d/.test(event.key);
    if (plain && (chooses || !event.target.closest("input, select, textarea, button, a"))) {
      field.focus();
    }
  });
}

if (form) {
  const ime = form.querySelector("[data-ime]");
  field.addEventListener("compositionstart", () => { ime.hidden = false; });
  field.addEventListener("compositionend", () => { ime.hidden = true; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    waiting.push({ scan: field.value, act: event.submitter?.name === "act" ? event.submitter.value : "" });
    field.value = "";
    field.focus();
    work();
  });
}

document.addEventListener("keydown", (event) => {
  const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (link) {
    event.preventDefault();
    if (link.matches("select, input")) {
      link.focus();
    } else {
      link.click();
    }
  } else if (event.key === "F5") {
    // a reload in the middle of a pile of books helps nobody
    event.preventDefault();
  }
});

// A long import goes on slice by slice; whoever leaves the page finds it where it stopped.
document.querySelector("[data-continue]")?.submit();
