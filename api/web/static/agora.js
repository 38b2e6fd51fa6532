// Quicker where scripts run; every form works without this file.
const toast = document.querySelector("[data-toast]");
const say = (text) => { if (toast) toast.textContent = text; };

// Adding to the cart without leaving the page: the same form, answered as JSON.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-add]")) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
    const cart = await answer.json();
    if (!answer.ok) return say(cart.detail || cart.title);
    for (const count of document.querySelectorAll("[data-cart-count]")) {
      count.textContent = cart.item_count;
      count.classList.toggle("none", cart.item_count === 0);
    }
    say("Added to your cart. ");
    const link = Object.assign(document.createElement("a"), { href: "/cart", textContent: "View cart" });
    toast.append(link);
    clearTimeout(say.timer);
    say.timer = setTimeout(() => say(""), 6000);
  } catch {
    const chosen = { type: "hidden", name: event.submitter?.name ?? "", value: event.submitter?.value ?? "" };
    form.append(Object.assign(document.createElement("input"), chosen));
    HTMLFormElement.prototype.submit.call(form);
  }
});

// A choice that submits its form by itself makes the button beside it superfluous.
for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// Facets start open where there is room beside the products.
if (matchMedia("(min-width: 60rem)").matches) {
  for (const facet of document.querySelectorAll("details[data-wide-open]")) facet.open = true;
}

// A page about work that goes on shows how far it is.
const waiting = document.querySelector("[data-reload]");
if (waiting) setTimeout(() => location.reload(), Number(waiting.dataset.reload));

// Words to go on with, from the catalogue, while somebody types; choosing one searches for it.
for (const field of document.querySelectorAll("input[data-suggest]")) {
  let asked = "";
  field.addEventListener("input", () => {
    const chosen = [...field.list.options].some((option) => option.value === field.value);
    if (chosen) return field.form.requestSubmit();
    clearTimeout(field.timer);
    field.timer = setTimeout(async () => {
      asked = field.value.trim();
      if (asked.length < 2) return field.list.replaceChildren();
      const answer = await fetch(`${field.dataset.suggest}?query=${encodeURIComponent(asked)}`).catch(() => null);
      if (!answer?.ok || asked !== field.value.trim()) return;
      const { suggestions } = await answer.json();
      field.list.replaceChildren(...suggestions.map(({ text }) => Object.assign(document.createElement("option"), { value: text })));
    }, 120);
  });
}

// News of the server while the page is in view.
function follow(address, name, show) {
  let source;
  const turn = () => {
    source?.close();
    source = undefined;
    if (document.hidden) return;
    source = new EventSource(address);
    source.addEventListener(name, show);
  };
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", () => source?.close());
  turn();
}

// Stock as it changes, while the page is in view; the text below is the page's own, in the same three forms.
for (const place of document.querySelectorAll("[data-stock]")) {
  const line = place.querySelector(".stock");
  const show = (event) => {
    const stock = JSON.parse(event.data).variants.find((each) => String(each.variant_id) === place.dataset.variant);
    const units = stock?.available ?? 0;
    const words = units === 0 ? "Out of stock" : units <= 5 ? `Only ${units} left` : "In stock";
    if (line.textContent.trim() === words) return;
    line.replaceChildren(words);
    line.classList.toggle("out", units === 0);
    line.classList.toggle("low", units > 0 && units <= 5);
    const button = document.querySelector("form.buy button[type=submit]");
    if (button) button.disabled = units === 0;
  };
  follow(place.dataset.stock, "stock", show);
}

// What is new for the person, in the header.
for (const place of document.querySelectorAll("[data-unread]")) {
  const count = place.querySelector(".count");
  follow(place.dataset.unread, "unread", (event) => {
    const unread = Number(event.data);
    count.textContent = unread > 99 ? "99+" : unread;
    count.hidden = unread === 0;
    count.classList.toggle("none", unread === 0);
  });
}

// Figures as they change: the parts of the page that are not the same any more.
for (const place of document.querySelectorAll("[data-live]")) {
  follow(place.dataset.live, "figures", (event) => {
    const news = new DOMParser().parseFromString(event.data, "text/html");
    for (const part of place.querySelectorAll("[data-part]")) {
      const fresh = news.querySelector(`[data-part="${part.dataset.part}"]`);
      if (fresh && fresh.outerHTML !== part.outerHTML) part.replaceWith(fresh);
    }
  });
}

// A picture on its way in: how far it is. Without this the form is sent as it is.
for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    const bar = form.querySelector("progress");
    if (!form.elements.file.files.length || !bar) return;
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => { bar.value = loaded / total; });
    request.addEventListener("load", () => {
      if (request.status === 200) location.assign(request.responseURL);
      else {
        const answer = new DOMParser().parseFromString(request.responseText, "text/html");
        document.querySelector("main").replaceWith(answer.querySelector("main"));
        document.querySelector("main [autofocus]")?.focus();
      }
    });
    request.addEventListener("error", () => form.submit());
    bar.hidden = false;
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "text/html");
    request.send(new FormData(form));
  });
}

// What somebody writes is kept a moment after they stop typing; the button that keeps it works without this.
for (const form of document.querySelectorAll("form[data-autosave]")) {
  const said = form.querySelector("[data-kept]");
  const write = async () => {
    const fields = Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token"));
    const counter = form.elements.revision ?? form.elements.version;
    fields[counter.name] = Number(counter.value);
    for (const name of Object.keys(fields)) if (fields[name] === "" && name.endsWith("_id")) fields[name] = null;
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const answer = await fetch(form.dataset.autosave, { method: "PUT", headers, body: JSON.stringify(fields) }).catch(() => null);
    const kept = await answer?.json().catch(() => null);
    if (answer?.ok) {
      counter.value = kept[counter.name];
      said.textContent = `Kept at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}.`;
    } else {
      said.textContent = kept ? `Not kept: ${kept.title}.` : "Not kept: there is no connection. What you write stays on this page.";
    }
  };
  let last = Promise.resolve();
  form.addEventListener("input", () => {
    clearTimeout(form.timer);
    form.timer = setTimeout(() => { last = last.then(write); }, 1500);
  });
  form.addEventListener("submit", () => clearTimeout(form.timer));
}
