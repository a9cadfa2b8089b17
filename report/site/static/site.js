// What all pages share: the language switch keeps the place on the page, and choosers show one of several sections.
// Without scripts every section is shown and the switch leads to the top of the page.
"use strict";

for (const link of document.querySelectorAll("[data-keeps-place]")) {
  link.addEventListener("click", () => { link.hash = location.hash; });
}

for (const chooser of document.querySelectorAll("[data-chooses]")) {
  const sections = [...document.querySelectorAll(`[data-chosen-by="${chooser.dataset.chooses}"]`)];
  const show = () => {
    for (const section of sections) section.hidden = section.dataset.choice !== chooser.value;
  };
  const linked = sections.find((section) => `#${section.id}` === location.hash);
  if (linked) chooser.value = linked.dataset.choice;
  chooser.addEventListener("change", show);
  chooser.parentElement.hidden = false;
  show();
}
