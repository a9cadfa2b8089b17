// The result as a table one can sort by mouse or keyboard.

import { compare, shown } from "./result.js";

export const ROW_LIMIT = 1000;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function bodyRow(row, numeric) {
  const cells = row.map((value, position) => {
    const classes = [numeric[position] && "number", value === null && "null"].filter(Boolean).join(" ");
    return element("td", { className: classes }, value === null ? "NULL" : shown(value));
  });
  return element("tr", {}, ...cells);
}

/**
 * Fills `table` with the first rows of a result; a heading sorts all rows, once more reverses.
 * @param {HTMLTableElement} table
 * @param {{names: string[], numeric: boolean[], rows: unknown[][]}} result
 */
export function showGrid(table, { names, numeric, rows }) {
  const body = element("tbody");
  const show = (ordered) => body.replaceChildren(...ordered.slice(0, ROW_LIMIT).map((row) => bodyRow(row, numeric)));
  const headings = names.map((name, position) => {
    const button = element("button", { type: "button" }, name);
    const heading = element("th", { scope: "col", className: numeric[position] ? "number" : "" }, button);
    button.addEventListener("click", () => {
      const ascending = heading.ariaSort !== "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.ariaSort = ascending ? "ascending" : "descending";
      const sign = ascending ? 1 : -1;
      // NULL stays last whichever way.
      const order = (one, other) =>
        one[position] === null || other[position] === null
          ? compare(one[position], other[position])
          : sign * compare(one[position], other[position]);
      show([...rows].sort(order));
    });
    return heading;
  });
  show(rows);
  table.replaceChildren(element("thead", {}, element("tr", {}, ...headings)), body);
}
