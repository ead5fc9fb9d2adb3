// Arrow keys walk along the bars of a timeline; Tab goes past them in one step.
const lanes = () => [...document.querySelectorAll("svg.bars")].map((lane) => [...lane.querySelectorAll("a.bar")]).filter((bars) => bars.length);

function settle(bar) {
  for (const other of document.querySelectorAll("a.bar")) other.setAttribute("tabindex", other === bar ? "0" : "-1");
}

function middle(bar) {
  const box = bar.getBoundingClientRect();
  return box.left + box.width / 2;
}

function nearest(bars, bar) {
  const distance = (other) => Math.abs(middle(other) - middle(bar));
  return bars.reduce((best, other) => (distance(other) < distance(best) ? other : best));
}

function neighbour(bar, key) {
  const rows = lanes();
  const row = rows.findIndex((bars) => bars.includes(bar));
  const bars = rows[row];
  const place = bars.indexOf(bar);
  switch (key) {
    case "ArrowLeft": return bars[place - 1];
    case "ArrowRight": return bars[place + 1];
    case "Home": return bars[0];
    case "End": return bars.at(-1);
    case "ArrowUp": return rows[row - 1] && nearest(rows[row - 1], bar);
    case "ArrowDown": return rows[row + 1] && nearest(rows[row + 1], bar);
  }
}

document.addEventListener("keydown", (event) => {
  const bar = event.target.closest?.("a.bar");
  const next = bar && !event.altKey && !event.ctrlKey && !event.metaKey && neighbour(bar, event.key);
  if (!next) return;
  event.preventDefault();
  settle(next);
  next.focus();
});

// One bar is in the order of Tab: the last of the first lane, until somebody walks.
function settleLast() {
  const last = lanes()[0]?.at(-1);
  if (last) settle(last);
}

settleLast();
document.addEventListener("htmx:afterSettle", () => {
  settleLast();
  // What was added stands among the filters now; the choice is free for another one.
  for (const choice of document.querySelectorAll("#narrow select.adds")) choice.value = "";
});
