"use strict";
// Draws the figures of the page, and follows the reader's theme and units.
(() => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const root = document.documentElement;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const remembered = (name) => {
    try { return localStorage.getItem(name); } catch { return null; }
  };
  const remember = (name, value) => {
    try { localStorage.setItem(name, value); } catch { /* a file may have no storage */ }
  };
  const asked = new URLSearchParams(location.hash.slice(1));

  // ---- theme
  const fixed = root.dataset.theme;
  let theme = asked.get("theme") ||
    (fixed !== "auto" ? fixed : remembered("theme") || (systemDark.matches ? "dark" : "light"));
  root.dataset.theme = theme;
  const style = () => getComputedStyle(root);

  // ---- units
  const quantities = page.quantities || {};
  let system = asked.get("units") || remembered("units") || page.units || "metric";
  const unit = (quantity) => quantities[quantity][system];
  const convert = (value, [, factor, offset]) =>
    value === null || typeof value !== "number" ? value : value * factor + offset;
  const inUnits = () => {
    for (const each of document.querySelectorAll("[data-si]")) {
      const [symbol, factor, offset] = unit(each.dataset.quantity);
      const text = (Number(each.dataset.si) * factor + offset).toFixed(Number(each.dataset.digits));
      each.textContent = "unit" in each.dataset ? `${text}\u202f${symbol}` : text;
    }
    for (const each of document.querySelectorAll("[data-symbol]")) {
      each.textContent = unit(each.dataset.symbol)[0];
    }
  };

  // ---- figures: colours by name, values in the reader's units
  const resolved = (value, colours) => {
    if (typeof value === "string") {
      return value.startsWith("--") ? colours.getPropertyValue(value).trim() : value;
    }
    if (Array.isArray(value)) {
      return value.length && typeof value[0] === "number"
        ? value : value.map((each) => resolved(each, colours));
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, resolved(each, colours)]));
    }
    return value;
  };
  const named = (text) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => quantities[name] ? unit(name)[0] : whole);
  const figure = (key) => {
    const { data, layout, config } = resolved(page.figures[key], style());
    for (const trace of data) {
      for (const [axis, quantity] of Object.entries(trace.quantity || {})) {
        if (axis === "color") {
          trace.marker.color = trace.marker.color.map((each) => convert(each, unit(quantity)));
          for (const end of ["cmin", "cmax"]) {
            if (end in trace.marker) trace.marker[end] = convert(trace.marker[end], unit(quantity));
          }
        } else {
          trace[axis] = trace[axis].map((each) => convert(each, unit(quantity)));
        }
      }
      delete trace.quantity;
      if (typeof trace.hovertemplate === "string") trace.hovertemplate = named(trace.hovertemplate);
      const bar = trace.marker && trace.marker.colorbar;
      if (bar && bar.title) bar.title.text = named(bar.title.text);
    }
    for (const [name, axis] of Object.entries(layout)) {
      if (!/^[xy]axis/.test(name)) continue;
      if (axis.title && axis.title.text) axis.title.text = named(axis.title.text);
      if (axis.quantity) {
        const to = unit(axis.quantity);
        if (axis.range) axis.range = axis.range.map((each) => convert(each, to));
        if (axis.tickvals) axis.tickvals = axis.tickvals.map((each) => convert(each, to));
        delete axis.quantity;
      }
    }
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger scrolls
    for (const note of [...(layout.annotations || []), ...(layout.shapes || [])]) {
      if (!note.quantity) continue;
      for (const [axis, quantity] of Object.entries(note.quantity)) {
        for (const end of [axis, `${axis}0`, `${axis}1`]) {
          if (end in note) note[end] = convert(note[end], unit(quantity));
        }
      }
      delete note.quantity;
    }
    return { data, layout, config };
  };

  // ---- drawing: only what is looked at, and on paper everything
  let printing = false;
  const drawn = new Set();
  const listeners = [];
  const draw = (element) => {
    const { data, layout, config } = figure(element.id);
    // The paper is narrower than the screen, and the browser does not wait for a chart to follow.
    if (printing) {
      layout.autosize = false;
      layout.width = element.clientWidth;
      layout.height = element.clientHeight;
    }
    const done = window.Plotly.react(element, data, layout,
      { responsive: true, displaylogo: false, displayModeBar: false, ...config });
    if (!drawn.has(element.id)) {
      drawn.add(element.id);
      done.then(() => listeners.forEach((listen) => listen(element)));
    }
    return done;
  };
  addEventListener("beforeprint", () => {
    if (!window.Plotly) return;
    printing = true;
    root.classList.add("printing");
    root.dataset.theme = "light";
    for (const each of document.querySelectorAll(".chart")) {
      if (each.offsetParent) draw(each); // not those of another choice
    }
  });
  addEventListener("afterprint", () => {
    printing = false;
    root.classList.remove("printing");
    root.dataset.theme = theme;
    redraw();
  });
  const redraw = () => drawn.forEach((key) => draw(document.getElementById(key)));

  // ---- one cursor: charts of a group show the same distance
  const groups = page.cursors || {};
  const groupOf = (key) => Object.values(groups).find((keys) => keys.includes(key));
  listeners.push((element) => {
    const keys = groupOf(element.id);
    if (!keys) return;
    element.on("plotly_hover", (event) => {
      const at = event.points[0];
      const number = at.data.meta && at.data.meta.points ? at.pointNumber : null;
      if (number === null) return;
      document.dispatchEvent(new CustomEvent("cursor", { detail: { number, from: element.id } }));
    });
  });
  const isCursor = (trace) => trace.meta && "cursor" in trace.meta;
  const isLine = (trace) => trace.meta && trace.meta.points && !isCursor(trace);
  document.addEventListener("cursor", ({ detail: { number, from } }) => {
    for (const key of groupOf(from) || []) {
      if (!drawn.has(key)) continue;
      const element = document.getElementById(key);
      const cursor = element.data.findIndex(isCursor);
      if (cursor >= 0) {
        const line = element.data[element.data[cursor].meta.cursor];
        window.Plotly.restyle(element, { x: [[line.x[number]]], y: [[line.y[number]]] }, [cursor]);
        continue;
      }
      readout(element, number);
      if (key === from) continue;
      const lines = element.data
        .map((trace, curveNumber) => ({ trace, curveNumber }))
        .filter(({ trace }) => isLine(trace));
      const subplots = [...new Set(
        lines.map(({ trace }) => (trace.xaxis || "x") + (trace.yaxis || "y")))];
      window.Plotly.Fx.hover(
        element, lines.map(({ curveNumber }) => ({ curveNumber, pointNumber: number })), subplots);
    }
  });

  // The values under the cursor, above the chart: a label on it would hide what it tells of.
  const readout = (element, number) => {
    const box = document.querySelector(`[data-readout="${element.id}"]`);
    const lines = element.data.filter(isLine);
    if (!box || !lines.length) return;
    const text = (value, digits, sign) => value === null || value === undefined
      ? "\u2013" : (sign && value > 0 ? "+" : "") + value.toFixed(digits).replace("-", "\u2212");
    const part = (name, values, symbol) => {
      const span = document.createElement("span");
      span.append(`${name} `);
      for (const [value, colour] of values) {
        const bold = document.createElement("b");
        bold.textContent = value;
        if (colour) bold.style.color = colour;
        span.append(bold, " ");
      }
      span.append(named(symbol));
      return span;
    };
    const byName = new Map();
    for (const { meta, y, line } of lines) { // the lap itself is drawn last, and told first
      if (!byName.has(meta.name)) byName.set(meta.name, { values: [], symbol: meta.symbol });
      byName.get(meta.name).values.unshift(
        [text(y[number], meta.digits, meta.sign), meta.sign ? "" : line.color]);
    }
    box.replaceChildren(
      part("at", [[text(lines[0].x[number], 0, false), ""]], "{distance}"),
      ...[...byName].map(([name, { values, symbol }]) => part(name, values, symbol)));
  };

  // ---- switches
  const buttons = () => {
    for (const each of document.querySelectorAll("[data-set]")) {
      const [name, value] = each.dataset.set.split("=");
      each.setAttribute("aria-pressed", String((name === "theme" ? theme : system) === value));
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set]");
    if (!button) return;
    const [name, value] = button.dataset.set.split("=");
    remember(name, value);
    if (name === "theme") { theme = value; root.dataset.theme = value; }
    else { system = value; inUnits(); }
    buttons();
    redraw();
  });
  systemDark.addEventListener("change", (event) => {
    if (fixed !== "auto" || remembered("theme") || asked.get("theme")) return;
    theme = event.matches ? "dark" : "light";
    root.dataset.theme = theme;
    buttons();
    redraw();
  });

  // ---- choices: of several parts, the chosen one is shown
  for (const select of document.querySelectorAll("select[data-chooses]")) {
    const show = () => {
      for (const part of document.querySelectorAll(`[data-choice="${select.dataset.chooses}"]`)) {
        part.hidden = part.dataset.value !== select.value;
      }
    };
    select.addEventListener("change", show);
    show();
  }

  inUnits();
  buttons();

  const packed = document.getElementById("plotly");
  if (!packed) return;
  const unpack = async () => {
    const bytes = Uint8Array.from(atob(packed.textContent), (each) => each.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  const start = async () => {
    const script = document.createElement("script");
    script.textContent = await unpack();
    document.head.append(script);
    packed.remove();
    const near = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) { near.unobserve(target); draw(target); }
      }
    }, { rootMargin: "800px" });
    document.querySelectorAll(".chart").forEach((each) => near.observe(each));
  };
  // After the first paint: words and tables are there before the charts are.
  requestAnimationFrame(() => setTimeout(() => start().catch((error) => {
    root.dataset.charts = "failed";
    throw error;
  })));
})();
