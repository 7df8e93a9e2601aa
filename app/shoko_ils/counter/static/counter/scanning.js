// The queue of the scan field. Whatever is scanned waits its turn; nothing of it is lost, and nothing of it goes to
// another window or another person's work: a change of window waits in the same queue, and what an answer stops stays.
"use strict";

window.shoko = (() => {
  const KEPT = "shoko.waiting";
  const policy = window.trustedTypes?.createPolicy("shoko", { createHTML: (text) => text });
  // one of: a scan {scan, act}, the answer to a question {action, fields}, a change of window {go}
  let waiting = [];
  // scans from before this page, which a person has to decide on
  let held = [];
  let busy = false;
  let stopped = false;
  // answers in a row after which nothing was waiting
  let calm = 0;

  // Whether the service answers: in words, beside a sign, in the frame of the page.
  let answers = true;
  function link(up) {
    const sign = document.querySelector("[data-link]");
    if (sign) {
      sign.classList.toggle("link-down", !up);
      sign.querySelector("[role=status]").textContent = up ? sign.dataset.up : sign.dataset.down;
    }
  }

  const form = () => document.querySelector("[data-scan]");
  const field = () => document.getElementById("scan");
  const here = () => new URL(form().action).pathname;
  const operator = () => document.getElementById("main").dataset.operator;
  // the server's page, parsed but not run
  const parse = (text) => new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");
  // who sees no person reads numbers of items and no other, because a card may be read wrongly or in part
  const ITEM = /^[A-D]?\d{10}[A-D]?$/i;
  const shown = (scan) => (!scan || !("itemsOnly" in form().dataset) || ITEM.test(scan) ? scan : "••••");
  const numbers = (entries) => entries.map((one) => shown(one.scan) ?? (one.go ? "→" : "")).filter(Boolean).join(" · ");

  // Until the server has answered, the same key: whatever the first try did, a repeated one changes nothing.
  // "done", "again": it must be sent once more, "left": the page is about to go.
  async function send(entry) {
    let answer;
    if (entry.go) {
      answer = await fetch(entry.go, { credentials: "same-origin" });
    } else {
      const body = new FormData(form());
      if (entry.fields) {
        entry.fields.forEach(([name, value]) => body.set(name, value));
        for (const name of ["key", "sitting"]) {
          body.set(name, form().elements[name].value);
        }
      } else {
        // day and reason are those that were chosen when it was scanned
        if (entry.window === here()) {
          entry.chosen.forEach(([name, value]) => body.set(name, value));
        }
        body.set("scan", entry.scan);
        if (entry.act) {
          body.set("act", entry.act);
        }
      }
      answer = await fetch(entry.action ?? form().action, {
        // the page without the frame that is on the screen already
        method: "POST", body, credentials: "same-origin", headers: { "X-Shoko-Answer": "1" },
      });
    }
    const isPage = answer.headers.get("content-type")?.startsWith("text/html");
    const page = isPage ? parse(await answer.text()) : null;
    const fresh = page?.querySelector("[data-scan]");
    if (!fresh) {
      if (answer.redirected || entry.go) {
        const operators = new URL(answer.url).searchParams.has("scanned");
        if (entry.go || operators) {
          waiting.shift();
        }
        keep();
        if (operators) {
          // a staff card has opened the operator's page, and it is here already
          show(page, answer.url);
          document.getElementById("id_pin").focus();
        } else {
          window.location.assign(answer.url);
        }
        return "left";
      }
      throw new Error(`unexpected answer ${answer.status}`);
    }
    if (new URL(fresh.getAttribute("action"), answer.url).pathname !== here()) {
      moveTo(page, answer.url);
    } else {
      take(page, fresh);
    }
    await window.shokoDesk.answered();
    return form().elements.scan.dataset.again ? "again" : "done";
  }

  // Another window, without a new page: what is typed meanwhile goes on in its field.
  function moveTo(page, url) {
    const typed = field().value;
    const open = [...document.querySelectorAll(".asks-stop, [data-hurried], .result .notice-stop")];
    const left = waiting.length > 1 || document.querySelector(".asks-stop") ? open : [];
    const again = page.querySelector("[data-scan]").elements.scan.value;
    document.querySelector("nav.modes").replaceWith(page.querySelector("nav.modes"));
    show(page, url);
    for (const one of left) {
      one.querySelectorAll("button, input").forEach((each) => each.remove());
      document.querySelector("[data-stops]").prepend(one);
    }
    field().value = typed;
    mark(again);
    field().focus();
    field().setSelectionRange(typed.length, typed.length);
  }

  function show(page, url) {
    for (const link of page.head.querySelectorAll("link[rel=stylesheet]")) {
      if (!document.head.querySelector(`link[href="${CSS.escape(link.getAttribute("href"))}"]`)) {
        document.head.append(link.cloneNode());
      }
    }
    document.title = page.title;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    history.pushState(null, "", url);
  }

  function take(page, fresh) {
    const result = document.querySelector("[data-result]");
    keepStops(result, fresh);
    for (const name of ["key", "sitting"]) {
      form().elements[name].value = fresh.elements[name].value;
    }
    mark(fresh.elements.scan.value);
    form().querySelector("label").textContent = fresh.querySelector("label").textContent;
    result.replaceChildren(...page.querySelector("[data-result]").childNodes);
    if (!result.contains(document.activeElement) && document.activeElement === document.body) {
      field().focus();
    }
  }

  // the server wants the same number once more
  function mark(again) {
    field().toggleAttribute("data-again", Boolean(again));
    if (again) {
      field().dataset.again = again;
    }
  }

  // What was chosen for the patron before is of nobody else, also not in what was scanned before this one was seen.
  function forgetChoices() {
    const chosen = [...form().querySelectorAll("[data-of-patron]")];
    chosen.forEach((one) => { one.value = one.dataset.ofPatron; });
    for (const entry of waiting.slice(1)) {
      entry.chosen = entry.chosen?.filter(([name]) => !chosen.some((one) => one.name === name));
    }
  }

  // A stop must not vanish under the next scan: it stays listed until the patron changes, and one that nobody can
  // have read, because more was waiting, until the patron after that. What is asked stays by itself.
  function keepStops(result, fresh) {
    const list = document.querySelector("[data-stops]");
    const before = form().elements.sitting.value;
    const began = document.querySelector("[data-began]")?.dataset.began;
    const next = fresh.ownerDocument.querySelector("[data-began]")?.dataset.began;
    if (next && next !== began) {
      forgetChoices();
      for (const one of [...list.children]) {
        if (one.hasAttribute("data-hurried")) {
          one.removeAttribute("data-hurried");
        } else {
          one.remove();
        }
      }
    }
    for (const stop of result.querySelectorAll(".notice-stop:not([data-asked])")) {
      if (waiting.length > 1) {
        stop.dataset.hurried = "";
      }
      if (!next || next === began || stop.dataset.hurried !== undefined || !before) {
        list.prepend(stop);
      }
    }
    // without a patron nothing ends them: the oldest go, but not before somebody can have read them
    calm = waiting.length > 1 ? 0 : calm + 1;
    if (calm > 1 && !(before && next)) {
      list.querySelectorAll("[data-hurried]").forEach((one) => one.removeAttribute("data-hurried"));
    }
    const read = [...list.querySelectorAll(":scope > :not([data-hurried])")];
    read.slice(before && next ? read.length : 3).forEach((one) => one.remove());
    list.tabIndex = list.children.length ? 0 : -1;
  }

  async function work() {
    if (busy || !form()) {
      return;
    }
    busy = true;
    stopped = false;
    while (waiting.length && !stopped) {
      paint();
      try {
        const came = await send(waiting[0]);
        answers = true;
        link(true);
        if (came === "left") {
          return;
        }
        if (came === "done") {
          waiting.shift();
        } else {
          // the day was the matter: what is corrected counts
          waiting[0].window = "";
          stopped = true;
        }
      } catch {
        stopped = true;
        answers = false;
        link(false);
        form().querySelector("[data-offline]").hidden = false;
      }
    }
    busy = false;
    paint();
  }

  function paint() {
    const line = form().querySelector("[data-waiting]");
    const shown = numbers(stopped ? waiting : waiting.slice(1));
    line.textContent = shown && stopped ? `${line.dataset.said} ${shown}` : shown;
    if (!stopped) {
      form().querySelector("[data-offline]").hidden = true;
    }
    const panel = form().querySelector("[data-held]");
    const kept = numbers(held) || ofOther;
    panel.hidden = !kept && !stopped;
    panel.querySelector("[data-held-list]").textContent = kept ? `${heldWords} ${kept}` : "";
    panel.querySelector("[data-held-go]").hidden = !(stopped || heldHere);
  }

  let heldWords = "";
  // how many another person left; nothing else is said of them
  let ofOther = 0;
  let heldHere = false;

  // Scans alone, no answers with what was typed into them; the browser forgets them with the tab.
  function keep() {
    const scans = [...held, ...waiting].filter((one) => one.scan);
    const typed = field()?.value ?? "";
    if (scans.length || typed) {
      const state = { operator: operator(), window: here(), at: Date.now(), typed, scans };
      sessionStorage.setItem(KEPT, JSON.stringify(state));
    }
  }

  // What the page before could not process is shown, and done only when somebody says so.
  function restore() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (!kept || !form()) {
      return;
    }
    sessionStorage.removeItem(KEPT);
    const words = form().querySelector("[data-held]").dataset;
    if (kept.operator !== operator()) {
      ofOther = kept.scans.length;
      heldWords = words.ofPerson;
    } else {
      held = kept.scans;
      heldHere = held.length > 0 && kept.window === here();
      heldWords = heldHere ? words.ofWindow : words.ofOther;
      if (kept.window === here() && Date.now() - kept.at < 5000) {
        field().value = kept.typed + field().value;
      }
    }
    paint();
  }

  function put(entry) {
    if (entry.go && stopped) {
      keep();
      window.location.assign(entry.go);
      return;
    }
    if (entry.scan !== undefined) {
      const own = ["key", "sitting", "scan", "csrfmiddlewaretoken"];
      entry.window = here();
      entry.chosen = [...new FormData(form())].filter(([name]) => !own.includes(name));
    }
    waiting.push(entry);
    if (busy) {
      paint();
    } else {
      work();
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-held-go]")) {
      waiting = [...(heldHere ? held : []), ...waiting];
      held = heldHere ? [] : held;
      heldHere = false;
      field().focus();
      work();
    } else if (event.target.closest("[data-held-drop]")) {
      held = [];
      ofOther = 0;
      waiting = stopped ? [] : waiting;
      stopped = false;
      heldHere = false;
      mark("");
      field().focus();
      paint();
    }
  });
  window.addEventListener("pagehide", () => {
    if (form()) {
      keep();
    }
  });
  window.addEventListener("popstate", () => window.location.reload());
  window.addEventListener("offline", () => link(false));
  window.addEventListener("online", () => link(answers));
  if (!window.navigator.onLine) {
    link(false);
  }
  restore();

  return { put, parse, work, form, field, isStopped: () => stopped, isBusy: () => busy };
})();
