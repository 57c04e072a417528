// Charts of the panel: one line over a row of equal steps of time, with a
// dashed one to compare it with. A figure brings its data as JSON beside a table
// that has the same figures for everybody; see package chart of the panel for
// what the fields mean.
//
//   <figure class="chart" data-chart hidden>
//     <script type="application/json">{"labels": […], "series": […]}</script>
//   </figure>
//
// Amounts are decimal texts. They become numbers only to find the place of a
// point; what is written is made of the text.
import uPlot from "uplot";

const charts = new Set();

// The steps between marks below the chart: hours and days both read well.
const steps = [1, 2, 3, 6, 12, 24, 48, 96, 192, 384, 768];

class Chart {
  constructor(figure, data) {
    this.figure = figure;
    this.data = data;
    this.shown = 0;
    this.inks = Object.fromEntries(["now", "then", "grid", "text"].map((name) => [name, this.probe(name)]));
    this.head = element("div", "chart-head");
    this.plot = element("div", "chart-plot");
    this.plot.setAttribute("role", "img");
    this.tip = element("div", "chart-tip");
    this.tip.hidden = true;
    figure.append(this.head, this.plot);
    figure.hidden = false;
    this.draw();
    new ResizeObserver(() => this.resize()).observe(this.plot);
  }

  // probe is an element whose colour CSS decides: tokens that are light-dark()
  // can't be read themselves.
  probe(name) {
    const span = element("span", `ink-${name}`);
    span.hidden = true;
    this.figure.append(span);
    return span;
  }

  ink(name, alpha = 1) {
    const colour = getComputedStyle(this.inks[name]).color;
    return alpha === 1 ? colour : colour.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${alpha})`);
  }

  get series() { return this.data.series[this.shown]; }

  draw() {
    this.uplot?.destroy();
    this.drawHead();
    this.plot.setAttribute("aria-label", this.data.summary.replace("%s", this.series.name));
    const { values, before } = this.series;
    const rows = [this.data.labels.map((_, i) => i), values.map(place)];
    if (before) rows.push(before.map(place));
    this.uplot = new uPlot(this.options(), rows, this.plot);
    this.uplot.over.append(this.tip);
    this.width = this.plot.clientWidth;
  }

  drawHead() {
    this.head.replaceChildren();
    if (this.data.series.length > 1) {
      const choice = element("div", "choices");
      this.data.series.forEach((series, i) => {
        const button = element("button", "");
        button.type = "button";
        button.textContent = series.name;
        button.setAttribute("aria-pressed", String(i === this.shown));
        button.addEventListener("click", () => {
          this.shown = i;
          this.draw();
          this.head.querySelectorAll("button")[i].focus();
        });
        choice.append(button);
      });
      this.head.append(choice);
    }
    if (!this.series.before) return;
    const key = element("p", "chart-key");
    for (const [name, text] of [["now", this.data.now], ["then", this.data.then]]) {
      const item = element("span", `key-${name}`);
      item.textContent = text;
      key.append(item);
    }
    this.head.append(key);
  }

  options() {
    const { labels, cut } = this.data;
    const last = labels.length - 1;
    const axis = { stroke: () => this.ink("text"), font: `12px ${getComputedStyle(this.figure).fontFamily}`, ticks: { show: false } };
    const line = { points: { show: last < 2 }, spanGaps: false };
    return {
      ...this.size(),
      legend: { show: false },
      padding: [8, 24, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: () => last > 0 ? [0, last] : [-1, 1] },
        y: { range: (_, low, high) => rangeOf(low, high, this.series.kind) },
      },
      axes: [
        { ...axis, grid: { show: false }, incrs: steps, space: 64, size: 28,
          values: (_, splits) => splits.map((i) => (labels[i] ?? "").slice(cut)) },
        { ...axis, size: 56, space: 36, grid: { stroke: () => this.ink("grid"), width: 1 },
          incrs: this.series.kind === "count" ? whole : undefined,
          values: (_, splits) => splits.map((n) => brief(n, this.series.kind)) },
      ],
      series: [
        {},
        { ...line, stroke: () => this.ink("now"), fill: () => this.ink("now", 0.08), width: 2 },
        ...(this.series.before ? [{ ...line, stroke: () => this.ink("then"), width: 1.5, dash: [5, 4] }] : []),
      ],
      hooks: { setCursor: [(u) => this.point(u)] },
    };
  }

  size() {
    const width = Math.max(this.plot.clientWidth, 160);
    return { width, height: width < 480 ? 180 : 220 };
  }

  resize() {
    if (this.plot.clientWidth === this.width) return;
    this.width = this.plot.clientWidth;
    this.uplot.setSize(this.size());
  }

  // point tells what stands under the pointer.
  point(u) {
    const { idx, left } = u.cursor;
    this.tip.hidden = idx == null || left < 0;
    if (this.tip.hidden) return;
    const { labels, befores, now, then } = this.data;
    const { values, before, kind, unit } = this.series;
    const rows = [[before ? now : "", labels[idx], written(values[idx], kind, unit), "now"]];
    if (before) rows.push([then, befores?.[idx] ?? "", written(before[idx], kind, unit), "then"]);
    this.tip.replaceChildren(...rows.map(([who, when, figure, name]) => {
      const row = element("p", `key-${name}`);
      const strong = element("strong", "");
      strong.textContent = figure;
      const rest = element("span", "");
      rest.textContent = [who, when].filter(Boolean).join(", ");
      row.append(strong, rest);
      return row;
    }));
    const at = u.valToPos(idx, "x");
    const room = u.over.clientWidth - this.tip.offsetWidth;
    this.tip.style.translate = `${Math.max(0, Math.min(at > room - 16 ? at - this.tip.offsetWidth - 12 : at + 12, room))}px 0`;
  }
}

const whole = Array.from({ length: 13 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();

function place(text) { return text == null ? null : Number(text); }

// rangeOf begins at 0, so that a height tells how much, and leaves some air.
function rangeOf(low, high, kind) {
  if (low == null || low === high && high === 0) return [0, kind === "ratio" ? 0.01 : 1];
  return [Math.min(0, low * 1.08), Math.max(0, high * 1.08)];
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 });

// brief is a figure of the scale.
function brief(n, kind) {
  if (kind === "ratio") return percent.format(n);
  if (kind === "duration") return n >= 5.4e6 ? `${compact.format(n / 3.6e6)} h` : `${compact.format(n / 6e4)} min`;
  return compact.format(n);
}

// written is a figure as tables have it.
function written(text, kind, unit) {
  if (text == null) return "–";
  if (kind === "ratio") return percent.format(Number(text));
  if (kind === "duration") return brief(Number(text), kind);
  const [whole, rest] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return grouped + (rest ? `.${rest}` : "") + (unit ? ` ${unit}` : "");
}

function element(name, of) {
  const e = document.createElement(name);
  e.className = of;
  return e;
}

function find(root) {
  for (const figure of root.querySelectorAll("figure[data-chart][hidden]")) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    if (data.labels.length > 0) charts.add(new Chart(figure, data));
  }
}

// Colours are the theme's: it may change while the page is open.
function repaint() {
  for (const chart of charts) {
    if (!chart.figure.isConnected) charts.delete(chart);
    else chart.uplot.redraw(false, true);
  }
}

find(document);
document.addEventListener("htmx:load", (event) => find(event.target.parentNode ?? document));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
