// Keys, focus, sound and printing of the counter. The queue behind the scan field is in scanning.js.
"use strict";

const { put, parse, work, form, field, isStopped } = window.shoko;

// Done is one short tone, a note two, a stop one low and long: the word on the screen says the same.
const TONES = { done: [[880, 0, 0.08]], note: [[660, 0, 0.1], [660, 0.16, 0.1]], stop: [[180, 0, 0.6]] };
let audio = null;

function sound() {
  const shown = document.querySelector("[data-result] .notice");
  const kind = /notice-(done|note|stop)/.exec(shown?.className ?? "")?.[1];
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

// A slip is printed from this page: no other tab, and the focus is where it was.
async function printSlip(source) {
  const failed = document.querySelector("[data-slip-failed]");
  try {
    const post = source.matches("form");
    const answer = await fetch(post ? source.action : source.href, {
      method: post ? "POST" : "GET", body: post ? new FormData(source) : undefined, credentials: "same-origin",
    });
    const sheet = parse(await answer.text()).querySelector("[data-slip-sheet]");
    if (!sheet) {
      throw new Error(`unexpected answer ${answer.status}`);
    }
    const box = document.createElement("div");
    box.className = "slip-sheet";
    box.append(...sheet.childNodes);
    document.body.append(box);
    window.print();
    box.remove();
  } catch {
    failed?.removeAttribute("hidden");
  }
  field()?.focus();
}

window.shokoDesk = {
  // an answer is on the page: heard, and its slip printed if the site wants that
  async answered() {
    sound();
    const slip = document.querySelector("[data-result] [data-slip][data-at-once]");
    if (slip) {
      await printSlip(slip);
    }
  },
};

document.addEventListener("submit", (event) => {
  const sent = event.target;
  if (sent.matches("[data-slip]")) {
    event.preventDefault();
    printSlip(sent);
  } else if (form() && sent.matches("[data-scan], [data-asks]")) {
    event.preventDefault();
    if (sent.matches("[data-asks]")) {
      put({ action: sent.action, fields: [...new FormData(sent, event.submitter)] });
    } else {
      const act = event.submitter?.name === "act" ? event.submitter.value : "";
      const scan = field().value;
      field().value = "";
      // where something stopped, an empty Enter sends it again
      if (isStopped() && !scan && !act) {
        work();
      } else {
        put({ scan, act });
      }
    }
    field().focus();
  }
});

// From window to window in the order of the scans.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) {
    return;
  }
  if (link.matches("[data-slip]")) {
    event.preventDefault();
    printSlip(link);
  } else if (form() && link.origin === window.location.origin && !link.target && link.closest("nav")) {
    event.preventDefault();
    put({ go: link.href });
  }
});

// A scanner types wherever the focus is. Letters and digits belong into the field, unless something is being written;
// in a list or at a date only a whole number that comes as fast as no hand types does.
const WRITES = "input:not([type=radio], [type=checkbox], [type=date]), textarea";
const BURST = /^[A-D]?(\d{4}|\d{8,10})[A-D]?$/i;
const FASTEST_HAND_MS = 35;
let burst = { text: "", at: 0, target: null, before: "" };

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (!field() || target === field() || document.querySelector("dialog[open]") || target.matches("[data-takes-scans]")) {
    return;
  }
  const plain = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
  const writes = target.closest(`${WRITES}, [type=date]`);
  if (plain && !writes) {
    // the space bar presses what has the focus; in a list other letters choose
    const chooses = target.closest("select") && !/[\da-d]/i.test(event.key);
    const presses = event.key === " " && target.closest("button, a, summary, input, select");
    if (!chooses && !presses) {
      field().focus();
    }
  } else if (plain && writes) {
    if (burst.target !== target || event.timeStamp - burst.at > FASTEST_HAND_MS) {
      burst = { text: "", at: 0, target, before: target.value };
    }
    burst.text += event.key;
    burst.at = event.timeStamp;
  } else if (event.key === "Enter" && writes && burst.target === target && event.timeStamp - burst.at <= FASTEST_HAND_MS) {
    if (form() && BURST.test(burst.text)) {
      event.preventDefault();
      target.value = burst.before;
      put({ scan: burst.text, act: "" });
      field().focus();
    }
  }
});

// What stands in the field from before is replaced; a number that is half read is not.
const HALF_READ_MS = 1000;
let lastRead = 0;

document.addEventListener("input", (event) => {
  if (event.target === field()) {
    lastRead = Date.now();
  }
});
document.addEventListener("focusin", (event) => {
  if (event.target === field() && Date.now() - lastRead > HALF_READ_MS) {
    field().select();
  }
});
for (const [kind, hidden] of [["compositionstart", false], ["compositionend", true]]) {
  document.addEventListener(kind, (event) => {
    if (event.target === field()) {
      form().querySelector("[data-ime]").hidden = hidden;
    }
  });
}
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    field()?.focus();
  }
});

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
