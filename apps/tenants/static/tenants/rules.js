// Line numbers beside the editor of rules. In: .kapok-editor with data-bad (lines with problems). Out: a gutter that
// scrolls along; links with data-line put the cursor into their line.
"use strict";

for (const editor of document.querySelectorAll(".kapok-editor")) {
  const gutter = editor.querySelector(".kapok-gutter");
  const source = editor.querySelector(".kapok-source");
  const bad = new Set((editor.dataset.bad || "").split(" ").filter(Boolean).map(Number));
  let lines = 0;

  const number = () => {
    const wanted = source.value.split("\n").length;
    if (wanted !== lines) {
      lines = wanted;
      gutter.replaceChildren(...Array.from({ length: wanted }, (_, index) => {
        const line = document.createElement("span");
        line.textContent = index + 1;
        line.classList.toggle("kapok-bad-line", bad.has(index + 1));
        return line;
      }));
    }
    gutter.scrollTop = source.scrollTop;
  };

  source.addEventListener("input", number);
  source.addEventListener("scroll", () => { gutter.scrollTop = source.scrollTop; });
  number();

  const show = (line) => {
    source.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(source).lineHeight));
  };
  if (bad.size) {
    show(Math.min(...bad));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (!link) {
      return;
    }
    event.preventDefault();
    const before = source.value.split("\n").slice(0, Number(link.dataset.line) - 1);
    const start = before.reduce((sum, line) => sum + line.length + 1, 0);
    const end = source.value.indexOf("\n", start);
    source.focus();
    source.setSelectionRange(start, end === -1 ? source.value.length : end);
    show(Number(link.dataset.line));
  });
}
