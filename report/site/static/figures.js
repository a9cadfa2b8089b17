// Replace the picture of a figure by the interactive figure. The specification is in the page; nothing is fetched.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");

function dress(view) {
  view.signal("dark", dark.matches).run();
}

// Vega-Lite fits a single plot into its container, but not panels: `usermeta` says how wide one of them may be. The
// width of axes and legends is known only after drawing, so a second step subtracts the part that is too wide.
function fit(view, panels, stage) {
  const width = stage.clientWidth;
  const set = (panel) => view.signal(panels.signal, Math.max(120, Math.floor(panel))).resize().run();
  set((width - panels.margin) / panels.columns);
  const over = stage.querySelector("svg").width.baseVal.value - width;
  if (over > 0) set(view.signal(panels.signal) - over / panels.columns);
}

async function draw(place) {
  const name = place.dataset.figure;
  const specification = JSON.parse(document.getElementById(`${name}_specification`).textContent);
  const stage = document.createElement("div");
  stage.className = "stage";
  place.append(stage);
  const { view } = await vegaEmbed(stage, specification, { actions: false, renderer: "svg", mode: "vega-lite" });
  place.querySelector("img").remove();
  dress(view);
  dark.addEventListener("change", () => dress(view));
  const panels = specification.usermeta && specification.usermeta.panels;
  if (panels) new ResizeObserver(() => fit(view, panels, stage)).observe(place);
  const drawing = stage.querySelector("svg");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", place.dataset.alternative);
  // The drawing has one text alternative; Vega would name each mark an image without any.
  drawing.firstElementChild.setAttribute("aria-hidden", "true");
}

for (const place of document.querySelectorAll("[data-figure]")) draw(place);
