// Fills in the health card. In: the element #health with the status's address. Out: its entries, coloured.
"use strict";

const REFRESH_MILLISECONDS = 15000;

function show(name, text, good) {
  const entry = document.querySelector(`[data-health="${name}"]`);
  entry.textContent = text;
  entry.className = good ? "kapok-good" : "kapok-bad";
}

async function checkHealth() {
  const health = document.getElementById("health");
  try {
    const response = await fetch(health.dataset.url, {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    const status = (await response.json()).data;
    show("database", status.database, !status.database.startsWith("cannot"));
    show("redis", status.redis, !status.redis.startsWith("cannot"));
    show("workers", status.workers === 0 ? "none answers: jobs wait" : `${status.workers} running`, status.workers > 0);
    show("version", status.version, true);
  } catch {
    show("database", "the server does not answer", false);
  }
  window.setTimeout(checkHealth, REFRESH_MILLISECONDS);
}

document.addEventListener("DOMContentLoaded", checkHealth);
