(() => {
  const box = document.getElementById("page-search");
  box.hidden = false;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text) => words.every((word) => text.toLowerCase().includes(word));
    for (const one of document.querySelectorAll("[data-words]")) one.hidden = !fits(one.dataset.words);
    for (const group of document.querySelectorAll("[data-group]"))
      group.hidden = words.length > 0 && !group.querySelector("[data-words]:not([hidden])");
  });
  const open = () => {
    const found = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (found && found.tagName === "DETAILS") found.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
