// Covers the screen after the server's idle time without a key or a click. Card and PIN of the same person take the cover
// off; who has no PIN logs in again.
"use strict";

{
  // typing is work: the server, which counts too, is told of it
  const TOLD_EVERY_SECONDS = 30;
  const cover = document.querySelector("dialog.cover");
  const idleSeconds = Number(cover.dataset.idle);
  const form = cover.querySelector("form");
  let last = Date.now();
  let told = last;

  const shut = () => {
    cover.showModal();
    form?.elements.card.focus();
  };
  const lift = () => {
    last = told = Date.now();
    cover.close();
    form.reset();
    document.getElementById("scan")?.focus();
  };
  const tell = async () => {
    told = last;
    const answer = await fetch(cover.dataset.seen, { credentials: "same-origin", redirect: "manual" }).catch(() => null);
    // the server has shut already: what is on the page stays under the cover
    if (answer?.type === "opaqueredirect" && !cover.open) {
      shut();
    }
  };

  for (const kind of ["keydown", "pointerdown"]) {
    document.addEventListener(kind, () => {
      if (!cover.open) {
        last = Date.now();
        if (last - told >= TOLD_EVERY_SECONDS * 1000) {
          tell();
        }
      }
    }, true);
  }
  // the dialog is modal: nothing under it takes a key, and Escape does not open it
  cover.addEventListener("cancel", (event) => event.preventDefault());
  window.setInterval(() => {
    if (!cover.open && Date.now() - last >= idleSeconds * 1000) {
      shut();
    }
  }, 1000);

  // a scanner ends the card's number with Enter: the PIN comes next
  form?.elements.card.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      form.elements.pin.focus();
    }
  });
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), credentials: "same-origin", headers: { "X-Shoko-Cover": "1" },
      redirect: "manual",
    });
    if (answer.status === 204) {
      cover.querySelector(".cover-wrong").hidden = true;
      lift();
    } else if (answer.type === "opaqueredirect") {
      window.location.assign(cover.dataset.next);
    } else {
      cover.querySelector(".cover-wrong").hidden = false;
      form.reset();
      form.elements.card.focus();
    }
  });
}
