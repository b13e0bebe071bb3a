// The gate view: one turn's trace, a gate and a layer of it at a time.
import { load } from "./safetensors.js";
import { colour, paint, ramp } from "./ramp.js";
import { Heatmap } from "./heatmap.js";
import { radios } from "./radios.js";
import { say, wordsOf } from "./strings.js";
import { SIGNED, Trace } from "./trace.js";

const MOST = 12;
const element = (id) => document.getElementById(id);

function start(page) {
  const tokens = [...document.querySelectorAll(".token")];
  const map = new Heatmap(element("map"));
  const shown = { gate: "f", layer: page.layers - 1, sort: "index", token: 0, unit: 0, coloured: null };
  let trace;
  let order; // unit numbers from the top row down
  let pointed; // the token's button under the mark

  function number(value) {
    return `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(3)}`;
  }

  function draw() {
    element("explain").textContent = wordsOf("explain")[shown.gate];
    element("at-gate").textContent = shown.gate;
    if (!trace) return;
    const { gate, layer } = shown;
    const figures = trace.figures(gate, layer);
    const lut = ramp(`--gate-${gate}`, SIGNED[gate]);
    order = trace.order(gate, layer, shown.sort);
    const values = trace.tensors[gate].values;
    const stride = trace.layers * trace.units;
    const from = layer * trace.units;
    map.show({
      tokens: trace.tokens, units: trace.units, split: page.split, lut, signed: SIGNED[gate], scale: figures.scale,
      at: (token, row) => values[token * stride + from + order[row]],
    });
    map.mark(shown.token, order.indexOf(shown.unit));
    const room = { gate, layer: layer + 1, tokens: trace.tokens, units: trace.units };
    element("map").setAttribute("aria-description", say("map", room));
    legend(figures, lut);
    sentence();
    value();
  }

  function legend({ bins, scale, low, edgeLow, below, above }, lut) {
    const canvas = element("histogram");
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const [grey, hue] = [colour("--line-strong"), colour(`--gate-${shown.gate}`)].map((rgb) => `rgb(${rgb.join()})`);
    const top = Math.max(...bins);
    const wide = width / bins.length;
    const bounded = shown.gate !== "c"; // a cell has no end to saturate at
    bins.forEach((count, k) => {
      const middle = low + ((k + 0.5) / bins.length) * (scale - low);
      const end = bounded && (middle < edgeLow || middle > 0.9);
      context.fillStyle = end ? hue : grey;
      const tall = (count / top) * (height - 1) + (count ? 1 : 0);
      context.fillRect(k * wide, height - tall, wide - 1, tall);
    });
    paint(element("legend"), 256, 1, lut, false, 255, (x) => x);
    element("low").textContent = number(low).replace(/\.?0+$/, "");
    element("high").textContent = number(scale).replace(/\.?0+$/, "");
    const share = (part) => `${(part * 100).toFixed(part < 0.0995 ? 1 : 0)} %`;
    element("below").textContent = bounded ? say("below", { edge: edgeLow.toFixed(1).replace("-", "−"), share: share(below) }) : "";
    element("above").textContent = bounded ? say("above", { edge: "0.9", share: share(above) }) : "";
    canvas.setAttribute("aria-label", `${element("below").textContent} ${element("above").textContent}`);
  }

  function value() {
    const { gate, layer, token, unit } = shown;
    pointed?.classList.remove("at");
    pointed = tokens[token];
    pointed.classList.add("at");
    element("at-token").textContent = `${JSON.stringify(tokens[token].textContent)} ${token + 1}/${tokens.length}`;
    element("at-unit").textContent = `${unit} / ${trace.units}`;
    element("at-value").textContent = number(trace.value(gate, layer, token, unit));
  }

  // The chosen unit underlines each token with its value there.
  function sentence() {
    const { gate, layer, coloured } = shown;
    element("coloured").hidden = coloured === null;
    const lut = coloured === null ? null : ramp(`--gate-${gate}`, SIGNED[gate]);
    const { scale } = trace.figures(gate, layer);
    tokens.forEach((button, token) => {
      if (!lut) return button.style.removeProperty("border-bottom-color");
      const v = trace.value(gate, layer, token, coloured) / scale;
      const packed = lut[Math.round(Math.max(0, Math.min(1, SIGNED[gate] ? (v + 1) / 2 : v)) * 255)];
      button.style.borderBottomColor = `rgb(${packed & 255} ${(packed >> 8) & 255} ${(packed >> 16) & 255})`;
    });
  }

  function table() {
    element("most-layer").textContent = say("layer", { n: shown.layer + 1 });
    element("most").replaceChildren(...trace.mostChanged(shown.layer, MOST).map((one) => {
      const row = document.createElement("tr");
      const unit = row.appendChild(document.createElement("th"));
      unit.scope = "row";
      const choose = unit.appendChild(document.createElement("button"));
      choose.type = "button";
      choose.className = "link";
      choose.textContent = one.unit;
      choose.addEventListener("click", () => {
        Object.assign(shown, { unit: one.unit, token: one.at, coloured: one.unit });
        draw();
      });
      for (const text of [number(one.before), number(one.after), number(one.after - one.before), number(one.i), number(one.f), JSON.stringify(tokens[one.at].textContent)]) {
        row.appendChild(document.createElement("td")).textContent = text;
      }
      return row;
    }));
  }

  map.addEventListener("move", ({ detail: { token, row, chosen } }) => {
    Object.assign(shown, { token, unit: order[row] });
    if (chosen) {
      shown.coloured = order[row];
      sentence();
    }
    value();
  });
  element("sentence").addEventListener("click", (event) => {
    const at = tokens.indexOf(event.target);
    if (at < 0 || !trace) return;
    shown.token = at;
    map.mark(at, map.row);
    value();
  });
  element("uncolour").addEventListener("click", () => {
    shown.coloured = null;
    sentence();
    element("map").focus();
  });
  radios(element("gate-tabs"), (gate) => {
    shown.gate = gate;
    draw();
  });
  radios(element("layer-tabs"), (layer) => {
    shown.layer = Number(layer);
    draw();
    if (trace) table();
  });
  element("sort").addEventListener("change", (event) => {
    shown.sort = event.target.value;
    draw();
  });
  document.addEventListener("themechange", draw);

  draw();
  load(page.trace).then((file) => {
    if (!file) throw new Error("no trace");
    trace = new Trace(file);
    const wanted = Number(new URLSearchParams(location.hash.slice(1)).get("reply") ?? NaN);
    const [most] = trace.mostChanged(shown.layer, 1);
    shown.unit = most.unit;
    shown.token = wanted >= 0 ? Math.min(trace.tokens - 1, page.split + wanted) : most.at;
    element("state").hidden = true;
    draw();
    table();
  }).catch((fault) => {
    element("state").textContent = say(fault.tooLarge ? "tooLarge" : "failed");
  });
}

start(JSON.parse(element("page").textContent));
