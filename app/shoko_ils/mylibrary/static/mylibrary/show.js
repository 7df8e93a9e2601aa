// Shows and hides what is typed into the password fields. Without this script the fields stay hidden ones.
"use strict";
for (const button of document.querySelectorAll("[data-show]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    for (const field of button.form.querySelectorAll("input[autocomplete=new-password]")) {
      field.type = shown ? "text" : "password";
    }
  });
}
