"use strict";
(() => {
  // Tables are sorted by buttons in their headers; without scripts they stay as they are.
  const said = document.getElementById("sorted");
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(head, column));
    });
    const sort = (head, column) => {
      const name = head.textContent;
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const key = (row) => row.cells[column].dataset.key;
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
        if ("text" in head.dataset) return sign * x.localeCompare(y, "en", { numeric: true });
        return sign * (Number(x) - Number(y));
      };
      body.append(...[...body.rows].sort(compare));
      if (said) said.textContent = `Sorted by ${name}, ${order}`;
    };
  }
  // Long data: links are refused by some browsers: such a certificate is saved as a blob.
  for (const link of document.querySelectorAll("a[download]")) {
    link.addEventListener("click", () => {
      if (!link.href.startsWith("data:") || link.href.length < 1e6) return;
      const bytes = atob(link.href.slice(link.href.indexOf(",") + 1));
      const data = Uint8Array.from(bytes, (c) => c.charCodeAt(0));
      link.href = URL.createObjectURL(new Blob([data], { type: "application/json" }));
    });
  }
  // What scrolls sideways must be reachable by keyboard, and only that.
  const reachable = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reachable);
  reachable();
})();
