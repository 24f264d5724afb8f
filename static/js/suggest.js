// Suggestions below the search box: a combobox with a list box, as the ARIA practices describe it.
(() => {
  const DELAY_MS = 120;
  const box = document.getElementById("q");
  if (!box) return;
  const form = box.form;
  const popup = document.getElementById("suggest");
  const list = document.getElementById("suggest-list");
  let timer = 0;
  let pending = null;
  let active = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];

  const choose = (index) => {
    const all = options();
    all.forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    active = index;
    if (index >= 0) {
      box.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  };

  const show = (visible) => {
    popup.hidden = !visible;
    box.setAttribute("aria-expanded", String(visible));
    choose(-1);
  };

  const close = () => {
    clearTimeout(timer);
    if (pending) pending.abort(); // a late answer must not open the list again
    show(false);
  };

  const ask = async () => {
    const text = box.value.trim();
    if (pending) pending.abort();
    if (!text) return show(false);
    pending = new AbortController();
    try {
      const reply = await fetch(`${box.dataset.suggest}?${new URLSearchParams({ q: text })}`, { signal: pending.signal });
      if (!reply.ok) return show(false);
      list.innerHTML = await reply.text();
      show(options().length > 0 && document.activeElement === box);
    } catch (error) {
      if (error.name !== "AbortError") show(false);
    }
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, DELAY_MS);
  });

  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const count = popup.hidden ? 0 : options().length;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // One place more than there are options: the box itself, as typed.
      choose(((active + 1 + step + count + 1) % (count + 1)) - 1);
    } else if (event.key === "ArrowDown" && popup.hidden && box.value.trim()) {
      event.preventDefault();
      ask();
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      window.location.assign(options()[active].href);
    } else if (event.key === "Escape" && !popup.hidden) {
      event.preventDefault(); // else the box would be emptied
      close();
    }
  });

  form.addEventListener("submit", close);
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) close();
  });
})();
