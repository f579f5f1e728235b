// Pages work without this script; it keeps live parts up to date and spares reloads.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = document.cookie.includes("tg-zone=" + encodeURIComponent(zone));
  if (zone && !known) {
    document.cookie = "tg-zone=" + encodeURIComponent(zone) + "; path=/; secure; samesite=strict; max-age=31536000";
    if (document.cookie.includes("tg-zone=") && document.querySelector("time") && !document.querySelector("form input:focus")) {
      location.reload();
    }
  }

  document.addEventListener("click", event => {
    const button = event.target.closest("[data-copy]");
    if (button && navigator.clipboard) {
      const source = document.getElementById(button.dataset.copy);
      navigator.clipboard.writeText(source.value ?? source.textContent).then(() => { button.textContent = button.dataset.copied; });
    }
    const all = event.target.closest("[data-tick-all]");
    if (all) {
      document.querySelectorAll("input[type=checkbox][name='" + all.dataset.tickAll + "']").forEach(box => { box.checked = all.checked; });
    }
  });

  document.addEventListener("submit", event => {
    const question = event.submitter?.dataset.ask ?? event.target.dataset.ask;
    if (question && !confirm(question)) {
      event.preventDefault();
    }
  });

  document.addEventListener("change", event => {
    if (event.target.matches("select[data-go]")) {
      location.assign(event.target.value);
    }
  });

  const body = document.body;
  if (!body.classList.contains("live")) {
    return;
  }

  document.addEventListener("htmx:configRequest", event => {
    if (event.detail.verb !== "get") {
      event.detail.headers["X-Form-Token"] = body.dataset.formToken;
    }
    if (event.detail.triggeringEvent?.type === "live") {
      event.detail.headers["X-Background"] = "1";
    }
  });

  const lost = document.getElementById("lost");
  const refreshed = document.getElementById("refreshed");
  const says = () => {
    if (document.querySelector("[hx-trigger~='live']")) {
      refreshed.textContent = refreshed.dataset.label + " " + new Date().toLocaleTimeString();
    }
  };
  says();
  document.addEventListener("htmx:afterSwap", says);

  let late = 0;
  const refresh = () => {
    clearTimeout(late);
    late = setTimeout(() => document.querySelectorAll("[hx-trigger~='live']").forEach(part => htmx.trigger(part, "live")), 150);
  };

  const listen = () => {
    const source = new EventSource("/live");
    source.addEventListener("changed", () => { lost.hidden = true; refresh(); });
    source.addEventListener("error", () => {
      // A stream that ended by itself is opened again at once; one that cannot be opened means that nobody serves now.
      if (source.readyState === EventSource.CLOSED) {
        source.close();
        lost.hidden = false;
        setTimeout(listen, 2000);
      } else {
        fetch("/healthz", { cache: "no-store" }).then(() => undefined, () => { lost.hidden = false; });
      }
    });
  };
  listen();
  setInterval(refresh, 15000);
})();
