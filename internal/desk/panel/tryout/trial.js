// Waits for the calls of a test. The stream tells how many there are; if that is
// another number than the page shows, the part that lists them is loaded again.
const told = document.getElementById("told");
const begun = document.getElementById("heard");

if (begun && "EventSource" in window) {
  const source = new EventSource(begun.dataset.events);
  let busy = Promise.resolve();
  source.addEventListener("heard", (event) => {
    busy = busy.then(() => renew(event.data)).catch(() => {});
  });
  source.addEventListener("open", () => live(true));
  source.addEventListener("error", () => live(false));
  addEventListener("pagehide", () => source.close());
}

async function renew(count) {
  const shown = document.getElementById("heard");
  if (shown.dataset.seen === count) return;
  const response = await fetch(location.href);
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const next = page.getElementById("heard");
  if (!next) return;
  shown.replaceWith(next);
  live(true);
  told.textContent = next.dataset.news;
}

// live tells whether the page notices by itself; else there is the link.
function live(on) {
  for (const one of document.querySelectorAll("[data-live]")) one.hidden = (one.dataset.live === "yes") !== on;
}
