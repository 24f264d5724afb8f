// Search by picture without opening its menu: a picture that is chosen, dropped or pasted is sent at once.
(() => {
  const form = document.getElementById("by-picture");
  const input = document.getElementById("picture-file");
  if (!form || !input) return;
  document.getElementById("picture-ways").hidden = false;

  const send = () => {
    // The filters may have changed since the page was made, in place.
    if (location.pathname === form.elements.address.value.split("?")[0]) form.elements.address.value = location.pathname + location.search;
    form.requestSubmit();
  };
  const take = (files) => {
    const picture = [...files].find((file) => file.type.startsWith("image/"));
    if (!picture) return false;
    const chosen = new DataTransfer();
    chosen.items.add(picture);
    input.files = chosen.files;
    send();
    return true;
  };

  input.addEventListener("change", () => { if (input.files.length) send(); });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData && take(event.clipboardData.files)) event.preventDefault();
  });

  const box = document.getElementById("find");
  const carriesFiles = (event) => event.dataTransfer && event.dataTransfer.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    box.classList.add("is-target");
  });
  for (const end of ["dragleave", "dragend", "drop"]) {
    document.addEventListener(end, (event) => {
      if (end !== "dragleave" || !event.relatedTarget) box.classList.remove("is-target");
    });
  }
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
})();
