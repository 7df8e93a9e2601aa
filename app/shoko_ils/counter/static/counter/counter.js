// Keeps the scan field ready: the one place where a lost focus means a lost loan.
"use strict";

const field = document.getElementById("scan");
const ime = document.querySelector("[data-ime]");
const scanForm = document.querySelector("[data-scan]");

if (field) {
  field.focus();
  field.select();
  // A scanner types wherever the focus is; letters and digits belong into the field.
  document.addEventListener("keydown", (event) => {
    const plain = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    const elsewhere = !event.target.closest("input, select, textarea, button, a");
    if (plain && elsewhere) {
      field.focus();
    }
  });
}

if (scanForm && ime) {
  field.addEventListener("compositionstart", () => { ime.hidden = false; });
  field.addEventListener("compositionend", () => { ime.hidden = true; });
  // The key of the form makes a double submit harmless; this spares the wait for it.
  scanForm.addEventListener("submit", () => { scanForm.setAttribute("aria-busy", "true"); });
}

document.addEventListener("keydown", (event) => {
  const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (link) {
    event.preventDefault();
    link.click();
  } else if (event.key === "F5") {
    // a reload in the middle of a pile of books helps nobody
    event.preventDefault();
  }
});
