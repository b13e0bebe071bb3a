// The gate view: `shown` is its state; every control changes it, `draw` follows it, and the address
// behind # contains it, so that a link shows the same.
import { Alternatives } from "./next_token.js";
import { FIRST, HUES, LABELS, LAYERS, MEANINGS, SIGNED, layersWith } from "./cell.js";
import { bandsOf } from "./bands.js";
import { GateMap, OPENING_SORT, TELLING } from "./gate_map.js";
import { go, leaving, maps } from "./preload_map.js";
import { finalStates } from "./final_states.js";
import { histogram, saturated } from "./histogram.js";
import { Matrices } from "./matrix.js";
import { mapPicture } from "./export_png.js";
import { mostChanged, tokensLong } from "./changed_units.js";
import { grouped } from "../shared/numbers.js";
import { Panes } from "./panes.js";
import { shadeEdges } from "../shared/edge_shade.js";
import { read, write } from "./permalink.js";
import { radios } from "../shared/radio_group.js";
import { css, ramp } from "../shared/colour_ramp.js";
import { savePicture } from "../shared/save_file.js";
import { Sentence } from "./token_row.js";
import { Sibling } from "./compare_reply.js";
import { say } from "../shared/strings.js";
import { mostMoved, tell as tellStory, wordAt } from "./story.js";
import { UnitLine } from "./unit_chart.js";

const element = (id) => document.getElementById(id);

function start(page) {
  const sentence = new Sentence(element("sentence"));
  document.querySelectorAll(".edges > *").forEach(shadeEdges);
  const tokens = sentence.tokens.length;
  const { window: part } = page; // that of a very long turn, or null
  const { first, total } = part ?? { first: 0, total: tokens };
  const panes = new Panes(element("panes"), element("pane-template"));
  const beat = new Alternatives(page.turn, first, page.control);
  const line = new UnitLine({
    turn: page.turn, window: part, split: page.split, message: page.message, checkpoint: page.checkpoint, checkpointId: page.checkpoint_id,
    tokens: sentence.texts, ids: sentence.tokens.map(({ dataset }) => dataset.id),
  }, (token) => point({ ...mark, token }));
  const limits = { layers: page.layers, units: page.units, tokens, split: page.split, window: part, siblings: page.siblings };
  const shown = { gate: FIRST, layer: page.layers - 1, sort: OPENING_SORT, unit: null, token: null, other: null, mode: "difference" };
  const mark = { layer: page.layers - 1, unit: 0, token: 0 }; // the place of the pointer or the arrow keys
  let sibling = null;
  let drawn = null; // {own, other: layer -> its map, lut, kind}
  let asked = 0;

  const matrices = element("matrices") && new Matrices(page.turn, part);

  const luts = (gate) => ramp(HUES[gate], SIGNED[gate]);

  function take(state) {
    for (const [key, value] of Object.entries(state)) if (value !== undefined) shown[key] = value;
    shown.unit = state.unit; // undefined: chosen when its map is there; null: none
    gateTabs.show(shown.gate);
    layerTabs.show(String(shown.layer));
    element("sort").value = shown.sort;
    if (element("with")) {
      element("with").value = shown.other ?? "";
      modeTabs.show(shown.mode);
    }
  }

  async function draw() {
    const ask = (asked += 1);
    // A gate that the layer lacks gives way to the first one.
    if (shown.layer !== "all" && !(shown.gate in LAYERS[shown.layer].gates)) Object.assign(shown, { gate: FIRST, unit: undefined });
    gateTabs.show(shown.gate);
    const { gate, sort } = shown;
    const layers = shown.layer === "all" ? layersWith(gate) : [shown.layer];
    for (const tab of element("gate-tabs").children) tab.hidden = shown.layer !== "all" && !(tab.dataset.value in LAYERS[shown.layer].gates);
    element("explain").textContent = shown.layer === "all" ? MEANINGS[gate] : LAYERS[shown.layer].gates[gate].meaning;
    element("at-gate").textContent = gate;
    let own;
    let other = [];
    try {
      if (shown.other && sibling?.turn !== shown.other) sibling = new Sibling(page.siblings.find(({ id }) => id === shown.other), page.control, part, page.turn);
      if (!shown.other) sibling = null;
      const loading = Promise.all([
        Promise.all(layers.map((layer) => maps.get(gate, layer))),
        sibling ? Promise.all(layers.map((layer) => sibling.maps.get(gate, layer))) : [],
        sibling?.ready,
      ]);
      [own, other] = await loading;
    } catch (fault) {
      if (ask === asked) tell(say(fault.tooLarge ? "tooLarge" : "failed"));
      return;
    }
    if (ask !== asked) return;
    tell("");
    const at = (list) => new Map(list.map((map, k) => [layers[k], map]));
    drawn = { own: at(own), other: at(other), lut: luts(gate) };
    const there = (one) => layers.includes(one.layer) && one.unit < drawn.own.get(one.layer).units;
    if (shown.unit === undefined || (shown.unit && !there(shown.unit))) {
      const layer = layers.at(-1);
      shown.unit = { layer, unit: drawn.own.get(layer).telling(), by: gate };
    }
    const told = drawn.own.get(layers.at(-1));
    const most = tellStory(told, sentence.texts, sentence.special);
    if (opening) {
      opening = false;
      shown.token = mark.token = most ?? begins;
    }
    if (!there(mark)) Object.assign(mark, shown.unit ?? { layer: layers[0] });
    const apart = sibling && shown.mode === "difference";
    panes.show(layers.flatMap((layer) => {
      const map = drawn.own.get(layer);
      const pane = (kind, content, split) => ({
        kind, layer, split, map: content, lut: kind === "difference" ? ramp(HUES[gate], true) : drawn.lut,
        texts: kind === "other" ? sibling.texts : sentence.texts,
        special: kind === "other" ? sibling.special : sentence.special,
        order: map.order(sort), bands: bandsOf(map, map.order(sort), sort), moves: movesOf(kind, kind === "other" ? drawn.other.get(layer) : map),
        small: layers.length > 1 || kind === "other" || (sibling && !apart),
        caption: caption(kind, layer, layers.length > 1),
        label: say("mapLabel", { gate, layer: layer + 1 }),
        described: say("map", { gate, layer: layer + 1, tokens: say("tokens", { n: content.tokens }), units: say("units", { n: content.units }) }),
      });
      if (!sibling) return [pane("own", map, page.split)];
      const theirs = drawn.other.get(layer);
      if (apart && sibling.byAlignment) return [pane("difference", GateMap.difference(map, theirs, (token) => sibling.at(token)), page.split)];
      if (apart) return [pane("difference", GateMap.difference(map, theirs), sibling.partsAt(page.turnIds))];
      return [pane("own", map, page.split), pane("other", theirs, sibling.split)];
    }));
    element("panes").classList.toggle("pair", Boolean(sibling && !apart));
    element("panes").classList.toggle("many", layers.length > 1);
    const [first] = panes.shown;
    const grouped = !first.small && first.bands.length > 0;
    element("axis-units").textContent = say(!grouped ? "unitsAxis" : LAYERS[first.layer].matrix ? "headsAxis" : "bandsAxis");
    compared(apart);
    chosen();
    point(mark);
    element("panes").dataset.shown = `${gate} ${shown.layer} ${sort} ${shown.other ? shown.mode : ""}`.trim();
  }

  // Of the map's layer the movement of what lasts, token by token.
  function movesOf(kind, map) {
    if (kind === "difference") return null;
    const [texts, special] = kind === "other" ? [sibling.texts, sibling.special] : [sentence.texts, sentence.special];
    const most = mostMoved(map, special);
    if (most === null) return null;
    const values = map.figures.moves_slow;
    return { values, most, label: say("moves", { word: wordAt(texts, special, most), layer: map.layer + 1, by: values[most].toFixed(2) }) };
  }

  function caption(kind, layer, many) {
    const parts = [];
    if (many) parts.push(say("layer", { n: layer + 1 }));
    if (kind === "own" && sibling) parts.push(say(sibling.byAlignment ? "thisTurn" : "thisReply"));
    if (kind === "other") parts.push(sibling.name);
    if (kind === "difference") parts.push(sibling.byAlignment ? say("differenceTurn") : say("difference", { n: sibling.number }));
    return parts.join(" · ");
  }

  function compared(apart) {
    element("other").hidden = !sibling;
    finalStates(sibling?.layers ?? null);
    element("at-other").closest("div").hidden = !sibling;
    if (!element("mode-tabs")) return;
    element("mode-tabs").hidden = !sibling;
    if (!sibling) return;
    element("at-reply").textContent = sibling.byAlignment ? say("there") : sibling.name;
    sibling.write(element("other-sentence"), element("other-link"));
    const parts = sibling.partsAt(page.turnIds);
    element("compared").textContent = sibling.byAlignment ? say("aligned", { n: sibling.common, tokens, others: sibling.tokens.length }) : say(
      parts < Math.min(tokens, sibling.tokens.length) ? "parts" : part ? "equalHere" : "neverParts", { n: first + parts + 1 },
    );
    sibling.mark(element("other-sentence"), parts, page.turnIds);
  }

  function tell(text) {
    element("state").textContent = text;
    element("state").hidden = !text;
  }

  // Everything that follows the chosen unit and the pinned token.
  function chosen() {
    const { gate, unit, token } = shown;
    const map = unit && drawn?.own.get(unit.layer);
    const grounds = map && ramp(HUES[gate], map.signed, { strength: 0.45, from: "--ground" });
    sentence.colour(map && `${asked} ${unit.layer}.${unit.unit}`, map && ((t) => ({ line: css(drawn.lut[map.level(t, unit.unit)]), ground: css(grounds[map.level(t, unit.unit)]) })));
    sentence.pin(token);
    panes.pin(token, unit);
    element("coloured").textContent = unit
      ? say(unit.by === gate ? "chosenFirst" : "coloured", { unit: String(unit.unit), layer: unit.layer + 1, gate, most: TELLING })
      : say("colourNone");
    element("uncolour").hidden = !unit;
    if (token === null) element("beat-head").textContent = say("pinNone");
    line.show(map ? { layer: unit.layer, unit: map.unitOf(unit.unit) } : null, gate);
    matrices?.show(LAYERS[unit?.layer ?? mark.layer].matrix ? unit?.layer ?? mark.layer : null, token ?? tokens - 1, (t) => sentence.written(t));
    beat.show(token);
    const layer = unit?.layer ?? mark.layer;
    if (drawn?.own.has(layer)) {
      mostChanged(drawn.own.get(layer), layer, (t) => sentence.written(t), (unit, t) => {
        Object.assign(shown, { unit: { layer, unit }, token: t });
        point({ layer, unit, token: t });
        panes.reveal();
        chosen();
      });
    }
    history.replaceState(history.state, "", write(shown, first));
    carry(write({ ...shown, token: null }));
  }

  // The state is the same in the other windows of a very long turn.
  function carry(hash) {
    for (const link of document.querySelectorAll(".windows a[href]")) link.href = link.search + hash;
    element("window-form")?.setAttribute("action", hash);
  }

  // The mark moves: its numbers are shown in one place.
  function point({ layer, unit, token }) {
    const before = mark.layer;
    Object.assign(mark, { layer, unit, token });
    sentence.point(token);
    if (!drawn) return;
    const map = drawn.own.get(layer);
    const other = drawn.other.get(layer);
    const value = (map) => (map && token < map.tokens ? map.write(map.value(token, unit)) : "–");
    panes.mark(mark, sibling?.byAlignment ? (t) => sibling.at(t) : null);
    element("at-token").replaceChildren(sentence.written(token), ` ${grouped(first + token + 1)}/${grouped(total)}`);
    element("at-unit").textContent = shown.layer === "all"
      ? say("unitOf", { unit: String(unit), units: map.units, layer: layer + 1 }) : `${unit} / ${grouped(map.units)}`;
    if (LAYERS[layer].keep) element("at-timescale").textContent = say("tokensLong", { span: tokensLong(map.figures.timescale[map.unitOf(unit)]) });
    element("at-value").textContent = value(map);
    if (other) {
      const place = sibling.at(token);
      const there = place !== null && place < other.tokens ? other.value(place, unit) : null;
      const gap = there === null || token >= map.tokens ? null : there - map.value(token, unit);
      element("at-other").textContent = there === null ? "–" : `${other.write(there)}${gap === null ? "" : ` (${gap > 0 ? "+" : ""}${map.write(gap)})`}`;
    }
    if (before !== layer || histogramOf !== map) {
      histogramOf = map;
      element("histogram-name").textContent = say("allValues", { gate: shown.gate, layer: layer + 1 });
      histogram(map, drawn.lut);
      element("saturation").caption.textContent = say("saturatedValues", { layer: layer + 1 });
      saturated(map.figures.saturation, luts);
    }
  }
  let histogramOf = null;

  function change(what) {
    Object.assign(shown, what);
    return draw();
  }

  const gateTabs = radios(element("gate-tabs"), (gate) => change({ gate }));
  const layerTabs = radios(element("layer-tabs"), (layer) => {
    const to = layer === "all" ? "all" : Number(layer);
    // Unit 7 of another layer is another unit: one that changed much replaces it.
    change({ layer: to, unit: to === "all" || shown.unit === null || shown.unit?.layer === to ? shown.unit : undefined });
  });
  const modeTabs = element("mode-tabs") && radios(element("mode-tabs"), (mode) => change({ mode }));
  element("sort").addEventListener("change", ({ target }) => change({ sort: target.value }));
  element("with")?.addEventListener("change", ({ target }) => change({ other: target.value || null }));

  panes.addEventListener("move", ({ detail: { pane, token, unit, chosen: click } }) => {
    // The mark is on the tokens of this turn: on the other's map, where its own counterpart is.
    const own = pane.kind === "other" ? sibling.ownOf(token) : Math.min(token, tokens - 1);
    if (own === null) return;
    token = own;
    point({ layer: pane.layer, unit, token });
    if (!click) return;
    Object.assign(shown, { unit: { layer: pane.layer, unit }, token: token < tokens ? token : shown.token });
    chosen();
  });
  sentence.addEventListener("point", ({ detail: token }) => {
    point({ ...mark, token });
    panes.reveal();
  });
  sentence.addEventListener("pin", ({ detail: token }) => {
    shown.token = shown.token === token ? null : token;
    point({ ...mark, token });
    panes.reveal();
    chosen();
  });
  element("uncolour").addEventListener("click", () => {
    shown.unit = null;
    chosen();
    panes.focus();
  });
  element("unpin").addEventListener("click", () => {
    shown.token = null;
    chosen();
    panes.focus();
  });
  element("copy-link").addEventListener("click", async () => {
    const status = element("copied");
    try {
      await navigator.clipboard.writeText(location.href);
      status.textContent = say("copied");
    } catch {
      status.textContent = say("copyAddress"); // no clipboard outside of https and localhost
    }
    setTimeout(() => (status.textContent = ""), 4000);
  });
  element("map-png").addEventListener("click", () => {
    if (!drawn) return;
    const list = panes.shown.map((pane, k) => ({
      canvas: panes.all[k].heatmap.canvas, split: pane.split, tokens: pane.map.tokens, caption: pane.caption,
      texts: pane.texts.slice(0, pane.map.tokens), special: pane.special, bands: pane.small ? [] : pane.bands, rows: pane.map.units, moves: pane.moves,
      lut: pane.lut, ends: pane.map.ends.map((v) => pane.map.write(v)),
    }));
    const layer = shown.layer === "all" ? say("allLayers") : say("layer", { n: shown.layer + 1 });
    const sort = element("sort").selectedOptions[0].textContent;
    const picture = mapPicture({
      title: `${shown.gate} ${LABELS[shown.gate]}`,
      subtitle: say(part ? "pictureNoteWindow" : "pictureNote", {
        layer, sort, name: page.checkpoint, tokens: say("tokens", { n: tokens }), first: first + 1, last: first + tokens, total,
      }),
      panes: list,
    });
    savePicture(picture, `turn-${page.turn.slice(0, 8)}${part ? `-tokens-${first + 1}-${first + tokens}` : ""}-${shown.gate}-layer-${shown.layer === "all" ? "all" : shown.layer + 1}.png`);
  });
  document.addEventListener("themechange", () => {
    histogramOf = null;
    draw();
  });
  addEventListener("hashchange", () => {
    if (go(location.hash, part)) return;
    take(read(location.hash, limits));
    if (shown.token !== null) mark.token = shown.token;
    draw();
  });

  // At first a unit that changed much is chosen and the token that changed most pinned, so that the
  // view has content before the first click.
  page.turnIds = sentence.tokens.map(({ dataset }) => Number(dataset.id));
  const wanted = read(location.hash, limits);
  wanted.other ??= page.with;
  const begins = page.split >= 0 && page.split < tokens ? page.split : 0; // the reply, where it is shown
  let opening = location.hash.length <= 1; // the token that changed most is pinned once its map is there
  take(wanted);
  mark.token = shown.token ?? begins;
  draw().then(() => {
    if (!shown.unit) return;
    point({ ...shown.unit, token: mark.token });
    panes.reveal();
  });
}

if (!leaving) start(JSON.parse(element("page").textContent));
