// Keeps the progress bars of operations up to date. In: elements with data-operation. Out: their bars move; when one
// has ended, the page is loaded again, because states, sizes and buttons elsewhere on it have changed too.
"use strict";

const POLL_MILLISECONDS = 700;

async function refresh(element) {
  const response = await fetch(`/api/v1/operations/${element.dataset.operation}`, {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
  if (!response.ok) {
    delete element.dataset.operation; // Gone, or no longer ours to see: stop asking.
    return false;
  }
  const operation = (await response.json()).data;
  element.querySelector(".kapok-progress-bar").style.width = `${operation.progress}%`;
  element.querySelector(".kapok-progress-text").textContent =
    `${operation.progress}%` + (operation.step ? ` · ${operation.step}` : "");
  return !["queued", "running"].includes(operation.state);
}

async function poll() {
  const elements = [...document.querySelectorAll("[data-operation]")];
  if (elements.length === 0) {
    return;
  }
  const ended = await Promise.all(elements.map((element) => refresh(element).catch(() => false)));
  // Not while somebody types: the page would be gone with what they typed.
  const typing = document.activeElement && ["INPUT", "TEXTAREA", "SELECT"].includes(document.activeElement.tagName);
  if (ended.some(Boolean) && !typing) {
    window.location.reload();
    return;
  }
  window.setTimeout(poll, POLL_MILLISECONDS);
}

document.addEventListener("DOMContentLoaded", () => window.setTimeout(poll, POLL_MILLISECONDS));
