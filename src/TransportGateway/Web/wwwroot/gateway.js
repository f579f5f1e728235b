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

  // Says on the button that it is done; the list around it may have been refreshed meanwhile, and lets the word stand for a moment.
  const tellCopied = button => {
    const shown = (button.id && document.getElementById(button.id)) || button;
    shown.textContent = shown.dataset.copied;
    shown.dataset.done = "";
    setTimeout(() => {
      delete shown.dataset.done;
      shown.dispatchEvent(new Event("change", { bubbles: true }));
    }, 3000);
  };

  // What the page does not hold is fetched when somebody wants it; it goes to the clipboard and nowhere else.
  const copyFetched = async button => {
    const answer = await fetch(button.dataset.copyFrom, {
      method: "POST",
      headers: { "X-Form-Token": document.body.dataset.formToken },
      body: new URLSearchParams({ id: button.dataset.id }),
    });
    if (answer.ok) {
      await navigator.clipboard.writeText(await answer.text());
      tellCopied(button);
    } else {
      location.reload();
    }
  };

  document.documentElement.classList.add("scripted");
  document.addEventListener("click", event => {
    const button = event.target.closest("[data-copy]");
    if (button && navigator.clipboard) {
      const source = document.getElementById(button.dataset.copy);
      navigator.clipboard.writeText(source.value ?? source.textContent).then(() => tellCopied(button));
    }
    const fetched = event.target.closest("[data-copy-from]");
    if (fetched && navigator.clipboard) {
      copyFetched(fetched);
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

  // What is shown now; the page that a form was sent to, and that is no more than an answer, is the same without its handler.
  const here = () => {
    const shown = new URL(location.href);
    shown.searchParams.delete("handler");
    return shown.pathname + shown.search;
  };

  document.addEventListener("htmx:configRequest", event => {
    const asked = event.detail;
    if (asked.verb !== "get") {
      asked.headers["X-Form-Token"] = body.dataset.formToken;
    }
    if (isLive(asked.triggeringEvent)) {
      asked.headers["X-Background"] = "1";
      asked.path = here();
    } else if (asked.verb === "get") {
      // A field that is left empty would only make the address longer.
      for (const [name, value] of [...asked.formData]) {
        if (value === "") {
          asked.formData.delete(name);
        }
      }
    }
  });

  // What somebody types, chose, ticked or opened in a part of the page is not taken from under their hands.
  const isLive = event => event?.type === "live";
  const isChanged = field =>
    field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked
    : field.matches("select") ? ![...field.options].every((option, at) => option.selected === (field.querySelector("[selected]") ? option.defaultSelected : at === 0))
    : field.type !== "hidden" && field.value !== field.defaultValue;
  const isInUse = part =>
    (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"))
    || [...part.querySelectorAll("input, select, textarea")].some(isChanged)
    || part.querySelector("details[open], [data-done]") !== null;

  // Who went through links and buttons with the keyboard goes on where they were.
  const nameOf = element =>
    element.id ? "#" + CSS.escape(element.id)
    : element.matches("a[href]") ? "a[href='" + CSS.escape(element.getAttribute("href")) + "']"
    : null;
  let focused = null;
  document.addEventListener("htmx:beforeSwap", event => {
    const part = event.detail.target;
    if (isLive(event.detail.requestConfig.triggeringEvent) && isInUse(part)) {
      event.detail.shouldSwap = false;
      wait();
    }
    focused = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (focused && document.activeElement === document.body) {
      document.querySelector(focused)?.focus({ preventScroll: true });
    }
    focused = null;
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

  let waits = false;
  const wait = () => {
    waits = true;
    refreshed.textContent = refreshed.dataset.waits;
  };

  let late = 0;
  const refresh = () => {
    clearTimeout(late);
    late = setTimeout(() => {
      waits = false;
      for (const part of document.querySelectorAll("[hx-trigger~='live']")) {
        if (isInUse(part)) {
          wait();
        } else {
          htmx.trigger(part, "live");
        }
      }
    }, 150);
  };

  for (const end of ["change", "focusout", "toggle"]) {
    document.addEventListener(end, () => {
      if (waits) {
        refresh();
      }
    }, true);
  }

  // A gateway that is away says nothing of the session, and nothing of the page is given up for it.
  const leaveWhenSignedOut = async () => {
    const asked = new AbortController();
    try {
      const answer = await fetch("/live", { cache: "no-store", signal: asked.signal });
      if (answer.status === 403) {
        location.assign("/sign-in?next=" + encodeURIComponent(here()));
        return true;
      }
    } catch {
      // Nobody answers.
    } finally {
      asked.abort();
    }
    return false;
  };

  const listen = () => {
    const source = new EventSource("/live");
    source.addEventListener("changed", () => {
      lost.hidden = true;
      refresh();
      if (!document.querySelector("[hx-trigger~='live']")) {
        leaveWhenSignedOut();
      }
    });
    source.addEventListener("error", async () => {
      // A stream that ended by itself is opened again at once; one that cannot be opened means that the session ended, or that nobody serves now.
      if (source.readyState === EventSource.CLOSED) {
        source.close();
        if (await leaveWhenSignedOut()) {
          return;
        }
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
