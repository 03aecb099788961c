// The page shows by itself what is new. Everything works without this file.
"use strict";
(() => {
  // Buttons that do nothing without a script are not seen until then.
  const wake = () => {
    for (const button of document.querySelectorAll(".scripted")) button.classList.remove("scripted");
  };
  const copy = async button => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    // Outside https and this computer there is no clipboard for pages, only the old way.
    await navigator.clipboard?.writeText(field.value).catch(() => {}) ?? document.execCommand("copy");
    button.textContent = button.dataset.copied;
  };
  document.addEventListener("click", event => {
    if (event.target.closest("[data-print]")) window.print();
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  wake();

  const place = document.body.dataset.live;
  if (!place || !window.EventSource) return;

  let source = null, timer = 0, at = document.body.dataset.at, written = false;

  // Whoever is writing, or has unfolded something, is not interrupted.
  const isBusy = () =>
    written || document.activeElement?.closest("main :is(a, button, input, select, textarea, summary)")
    || [...document.querySelectorAll("main details")].some(each => each.open !== each.defaultOpen);

  const remember = () => {
    written = false;
    for (const each of document.querySelectorAll("main details")) each.defaultOpen = each.open;
  };

  const look = async () => {
    if (isBusy()) {
      document.getElementById("news").hidden = false;
      return;
    }
    const answer = await fetch(place, {headers: {"Accept": "text/html"}, redirect: "error"});
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isBusy()) return;
    at = fresh.body.dataset.at;
    // What was just done brings news of its own: it must not take the word for it away.
    const done = document.querySelector("#content > [data-done]");
    if (done) fresh.querySelector("#content")?.prepend(done.cloneNode(true));
    document.title = fresh.title;
    for (const part of [".places", ".bell", "#content"]) {
      const now = document.querySelector(part), then = fresh.querySelector(part);
      if (now && then && now.innerHTML !== then.innerHTML) now.replaceWith(then);
    }
    remember();
    wake();
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(() => {}), 300);
  };

  // A home that is only started again is not said to be silent.
  let silence = 0;
  const isSilent = yes => {
    const said = document.getElementById("silent");
    if (yes) {
      silence ||= setTimeout(() => { said.hidden = false; }, 8000);
      return;
    }
    clearTimeout(silence);
    silence = 0;
    said.hidden = true;
  };

  // One connection for each tab that is looked at: browsers have six in all.
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource("/live");
    source.onmessage = soon;
    source.onopen = () => isSilent(false);
    // Refused for good is no silence: too many tabs, or signed out.
    source.onerror = () => { if (source?.readyState === EventSource.CONNECTING) isSilent(true); };
    // Between this page and the connection, or while it was away, something may have changed.
    source.addEventListener("at", event => { if (event.data !== at) soon(); });
  };
  const close = () => {
    source?.close();
    source = null;
  };

  remember();
  document.addEventListener("input", () => { written = true; });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
})();
