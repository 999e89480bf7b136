"use strict";

// Tables whose columns sort.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("n");
      const falls = head.ariaSort ? head.ariaSort === "ascending" : numeric;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const compare = numeric
        ? (a, b) => value(a) - value(b)
        : (a, b) => value(a).localeCompare(value(b));
      const rows = [...body.rows].sort(compare);
      body.append(...(falls ? rows.reverse() : rows));
    });
  });
}

// The map, as points or thumbnails; pointing at one, or the arrow keys, shows what it is.
const data = JSON.parse(document.getElementById("points").textContent);
const canvas = document.querySelector("#map canvas");
if (canvas && data.x.length) drawMap(data, canvas);

function drawMap(data, canvas) {
  const TILE = data.tile;
  const find = (name) => document.getElementById("map-" + name);
  const holder = canvas.parentElement;
  const tip = find("tip");
  const context = canvas.getContext("2d");
  const small = tip.querySelector("canvas").getContext("2d");
  const few = data.labels.length <= 10;
  const members = data.labels.map(() => []);
  data.label.forEach((label, n) => members[label].push(n));
  const middles = members.map((rows) => {
    const median = (values) => rows.map((n) => values[n]).sort((a, b) => a - b)[rows.length >> 1];
    return [median(data.x), median(data.y)];
  });
  const hues = [];  // hues by the golden angle from left to right, so that neighbours differ
  [...middles.keys()]
    .sort((a, b) => middles[a][0] - middles[b][0])
    .forEach((label, n) => { hues[label] = (n * 137.508 + 20) % 360; });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const reduced = { scale: 1, x: 0, y: 0 };
  const view = { ...reduced };
  let chosen = -1, hovered = -1, asPictures = false, byHit = false, width = 0, height = 0;
  let sheet = null;

  const colour = (label) => `hsl(${hues[label]} ${few ? 65 : 58}% ${dark.matches ? 62 : 42}%)`;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const inset = 26;
  const side = () => Math.min(width, height * 1.6) - 2 * inset;
  const at = (n) => [
    width / 2 + ((data.x[n] / 1000 - 0.5) * side() + view.x) * view.scale,
    height / 2 + ((data.y[n] / 1000 - 0.5) * (height - 2 * inset) + view.y) * view.scale,
  ];

  function draw() {
    const ratio = devicePixelRatio || 1;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const radius = Math.min(7, (width < 600 ? 2.4 : 3.4) * Math.sqrt(view.scale));
    const size = Math.min(TILE, (width < 600 ? 12 : 20) * view.scale);
    const order = data.x.map((_, n) => n);
    if (chosen >= 0) order.sort((a, b) => (data.label[a] === chosen) - (data.label[b] === chosen));
    for (const n of order) {
      const [x, y] = at(n);
      if (x < -size || y < -size || x > width + size || y > height + size) continue;
      context.globalAlpha = chosen < 0 || data.label[n] === chosen ? (asPictures ? 1 : 0.82) : 0.1;
      if (asPictures && sheet) {
        const column = n % data.columns, row = Math.floor(n / data.columns);
        context.drawImage(sheet, column * TILE, row * TILE, TILE, TILE, x - size / 2, y - size / 2, size, size);
      } else if (byHit && data.right[n] === 0) {
        context.strokeStyle = style("--wrong");
        context.lineWidth = 2;
        const arm = radius * 0.95;
        context.beginPath();
        context.moveTo(x - arm, y - arm);
        context.lineTo(x + arm, y + arm);
        context.moveTo(x + arm, y - arm);
        context.lineTo(x - arm, y + arm);
        context.stroke();
      } else {
        context.fillStyle = byHit ? style(data.right[n] === 1 ? "--right" : "--faint") : colour(data.label[n]);
        context.beginPath();
        context.arc(x, y, byHit ? radius * 0.7 : radius, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    if (!asPictures) drawNames();
    if (hovered >= 0) {
      const [x, y] = at(hovered);
      const reach = asPictures ? size / 2 + 2 : radius + 3;
      context.strokeStyle = style("--ink");
      context.lineWidth = 2.5;
      context.strokeRect(x - reach, y - reach, 2 * reach, 2 * reach);
    }
  }

  function drawNames() {
    const taken = [];
    const points = width < 600 ? 10 : 12;
    context.font = `600 ${points}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.lineJoin = "round";
    const labels = [...members.keys()].sort((a, b) => members[b].length - members[a].length);
    for (const label of chosen >= 0 ? [chosen] : labels) {
      if (!members[label].length) continue;
      const nearest = members[label].reduce((best, n) => {
        const away = (m) => (data.x[m] - middles[label][0]) ** 2 + (data.y[m] - middles[label][1]) ** 2;
        return away(n) < away(best) ? n : best;
      });
      const [x, y] = at(nearest);
      const name = data.labels[label];
      const half = context.measureText(name).width / 2 + 3;
      const box = [x - half, y - points, x + half, y + 5];
      if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height) continue;
      if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue;
      taken.push(box);
      context.strokeStyle = style("--card");
      context.lineWidth = 4;
      context.strokeText(name, x, y);
      context.fillStyle = style("--ink");
      context.fillText(name, x, y);
    }
  }

  function show(n) {
    hovered = n;
    tip.hidden = n < 0;
    if (n >= 0) {
      const [x, y] = at(n);
      const column = n % data.columns, row = Math.floor(n / data.columns);
      if (sheet) small.drawImage(sheet, column * TILE, row * TILE, TILE, TILE, 0, 0, 132, 132);
      tip.querySelector("b").textContent = data.labels[data.label[n]];
      tip.querySelector("span").textContent =
        data.name[n] + ["; first hit wrong", "; first hit right", ""][data.right[n]];
      tip.style.left = Math.max(4, Math.min(width - 156, x < width / 2 ? x + 14 : x - 162)) + "px";
      tip.style.top = Math.max(4, Math.min(height - 210, y - 90)) + "px";
    }
    draw();
  }

  function nearest(x, y, reach) {
    let best = -1, least = reach * reach;
    data.x.forEach((_, n) => {
      if (chosen >= 0 && data.label[n] !== chosen) return;
      const [px, py] = at(n);
      const away = (px - x) ** 2 + (py - y) ** 2;
      if (away < least) [best, least] = [n, away];
    });
    return best;
  }

  function zoom(factor, x = width / 2, y = height / 2) {
    const scale = Math.max(1, Math.min(24, view.scale * factor));
    view.x += (x - width / 2) * (1 / scale - 1 / view.scale);
    view.y += (y - height / 2) * (1 / scale - 1 / view.scale);
    view.scale = scale;
    if (scale === 1) Object.assign(view, reduced);
    holder.classList.toggle("near", scale > 1);
    show(-1);
  }

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (view.scale > 1) drag = [event.clientX, event.clientY];
  });
  addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.buttons) {
      view.x += (event.clientX - drag[0]) / view.scale;
      view.y += (event.clientY - drag[1]) / view.scale;
      drag = [event.clientX, event.clientY];
      return show(-1);
    }
    const n = nearest(event.offsetX, event.offsetY, 16);
    if (n !== hovered) show(n);
  });
  canvas.addEventListener("pointerleave", () => show(-1));
  canvas.addEventListener("click", (event) => show(nearest(event.offsetX, event.offsetY, 24)));
  canvas.addEventListener("dblclick", (event) => zoom(2, event.offsetX, event.offsetY));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && view.scale === 1) return;  // let the page scroll
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "Escape") show(-1);
    else if (way) {
      const from = hovered >= 0 ? at(hovered) : [width / 2, height / 2];
      let best = -1, least = Infinity;
      data.x.forEach((_, n) => {
        if (n === hovered || (chosen >= 0 && data.label[n] !== chosen)) return;
        const [x, y] = at(n);
        const along = (x - from[0]) * way[0] + (y - from[1]) * way[1];
        const across = Math.abs((x - from[0]) * way[1] + (y - from[1]) * way[0]);
        if (along > 0.5 && along + 2 * across < least) [best, least] = [n, along + 2 * across];
      });
      if (best >= 0) {
        show(best);
        find("status").textContent = [...tip.children].map((part) => part.textContent).join(" ").trim();
      }
    } else return;
    event.preventDefault();
  });
  find("in").addEventListener("click", () => zoom(1.6));
  find("out").addEventListener("click", () => zoom(1 / 1.6));
  find("pictures").addEventListener("click", (event) => {
    asPictures = !asPictures;
    event.target.setAttribute("aria-pressed", asPictures);
    draw();
  });
  find("hit")?.addEventListener("click", (event) => {
    byHit = !byHit;
    event.target.setAttribute("aria-pressed", byHit);
    draw();
  });
  const select = find("label");
  data.labels.forEach((name, label) => {
    if (members[label].length) select.add(new Option(`${name} (${members[label].length})`, label));
  });
  select.addEventListener("change", () => { chosen = Number(select.value); show(-1); });

  const image = new Image();
  image.onload = () => { sheet = image; draw(); };
  image.src = data.sprite;
  function legend() {
    if (!few) return;
    find("legend").replaceChildren(...data.labels.map((name, label) => {
      const item = document.createElement("li");
      item.textContent = name;
      item.style.setProperty("--c", colour(label));
      return item;
    }));
  }
  dark.addEventListener("change", () => { legend(); draw(); });
  new ResizeObserver(() => draw()).observe(canvas);
  legend();
  draw();
}
