// Copies the text of an element. In: buttons with data-copy (an element's id). Out: the clipboard, and a word about it.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("span:last-child");
  try {
    await navigator.clipboard.writeText(source.textContent);
    label.textContent = "Copied";
  } catch {
    // Without HTTPS there is no clipboard: select it, so that Ctrl-C does.
    window.getSelection().selectAllChildren(source);
    label.textContent = "Press Ctrl-C";
  }
});
