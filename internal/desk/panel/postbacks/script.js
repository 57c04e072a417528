// The live view: rows of the log as they come in. Rows never jump under
// somebody who reads: they wait behind a button while the list is paused,
// scrolled, pointed at or has the focus.
const calls = document.querySelector(".pb-calls[data-live]");
const most = 200; // rows that the page keeps

if (calls && "EventSource" in window) {
  const find = (css) => calls.querySelector(css);
  const go = find("[data-live-go]"), pause = find("[data-live-pause]"), said = find(".pb-live-said");
  const newer = find(".pb-newer"), newerButton = find("[data-live-newer]");
  const body = find(".log tbody");
  let source = null, paused = false, pointed = false, waiting = [], dropped = 0;

  find(".pb-live").hidden = false;
  go.addEventListener("click", () => (source ? stop() : start()));
  pause.addEventListener("click", () => { paused = !paused; show(); if (!busy()) insert(); });
  newerButton.addEventListener("click", () => { scrollTo({ top: 0 }); newerButton.blur(); insert(); });
  body?.addEventListener("pointerenter", () => { pointed = true; });
  body?.addEventListener("pointerleave", () => { pointed = false; if (!busy()) insert(); });
  addEventListener("scroll", () => { if (!busy()) insert(); }, { passive: true });
  addEventListener("pagehide", () => source?.close());
  if (new URLSearchParams(location.search).has("live")) start();

  function start() {
    source = new EventSource(calls.dataset.live);
    source.addEventListener("call", (event) => take(event.data));
    source.addEventListener("missed", (event) => { dropped += Number(event.data); show(); });
    source.addEventListener("end", () => stop("The server is restarting. Press Live in a moment."));
    source.addEventListener("open", () => show());
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) stop("The live view can't be opened now: you may be signed out, or have too many of them open.");
      else show("Connecting again…");
    });
    keep(true);
    show("Connecting…");
  }

  function stop(why = "") {
    source?.close();
    source = null;
    paused = false;
    keep(false);
    insert();
    show(why);
  }

  // keep puts the state into the URL.
  function keep(on) {
    const url = new URL(location.href);
    if (on) url.searchParams.set("live", "1");
    else url.searchParams.delete("live");
    history.replaceState(history.state, "", url);
  }

  function busy() {
    return paused || pointed || scrollY > calls.offsetTop || body?.contains(document.activeElement);
  }

  function take(html) {
    if (!body) { // the first row makes the table
      location.reload();
      return;
    }
    const holder = document.createElement("template");
    holder.innerHTML = html; // the server made and escaped it
    const row = holder.content.firstElementChild;
    if (!row || (row.id && document.getElementById(row.id))) return;
    waiting.push(row);
    if (waiting.length > most) { waiting.shift(); dropped++; }
    if (busy()) show();
    else insert();
  }

  function insert() {
    for (const row of waiting) {
      row.classList.add("pb-fresh");
      body.prepend(row);
      setTimeout(() => row.classList.remove("pb-fresh"), 1500);
    }
    waiting = [];
    while (body && body.rows.length > most) body.lastElementChild.remove();
    show();
  }

  function show(text) {
    const on = source !== null;
    go.setAttribute("aria-pressed", String(on));
    go.textContent = on ? "Live: on" : "Live";
    pause.hidden = !on;
    pause.textContent = paused ? "Go on" : "Pause";
    newer.hidden = waiting.length === 0;
    newerButton.textContent = `${waiting.length} newer`;
    if (text !== undefined) said.textContent = text;
    else if (!on) return;
    else if (dropped > 0) said.textContent = `${dropped} calls came too fast to be shown here; load the page again to see them.`;
    else said.textContent = paused ? "Paused" : "";
  }
}
