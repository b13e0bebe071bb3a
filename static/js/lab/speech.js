// The page of the speech task: sound in, words as they are recognised, the state at work beside them.
import { Gates } from "./gates.js";
import { Hearing } from "./hearing.js";
import { SoundFault, decoded, microphone, played, to16 } from "./sound_input.js";
import { SpeechSocket } from "./speech_socket.js";
import { parse } from "../inspector/safetensors.js";
import { say } from "../shared/strings.js";

const page = JSON.parse(document.getElementById("page").textContent);
const { worklet, example } = document.querySelector("script[data-worklet]").dataset;
const element = (id) => document.getElementById(id);

const socket = new SpeechSocket(`/ws/lab/speech/?checkpoint=${page.checkpoint}`);
const hearing = new Hearing(element, page);
const gates = new Gates({ map: (_, gate, layer) => socket.map(gate, layer).then(parse) }, page.weights, refuse);
let ending = null; // ends what is heard now
let words = [];

function refuse(fault) {
  const box = element("lab-problem");
  const sentence = typeof fault === "string" ? fault : fault instanceof SoundFault ? say(fault.reason, { n: page.most_seconds }) : fault?.message;
  box.textContent = sentence || say("soundFailed");
  box.hidden = false;
}

function state(name, busy) {
  element("state").textContent = name ? say(name) : "";
  for (const id of ["listen", "example"]) element(id).disabled = busy;
  element("sound-file").disabled = busy;
  element("stop").disabled = !busy;
}

function write() {
  element("digits").replaceChildren(...words.map(({ word, frame, probability }) => {
    const button = element("digit-template").content.firstElementChild.cloneNode(true);
    button.querySelector("strong").textContent = String(page.words.indexOf(word));
    button.querySelector("span").textContent = word;
    button.title = say("sure", { percent: `${Math.round(100 * probability)}%` });
    button.addEventListener("click", () => point(frame));
    return button;
  }));
  element("spoken").textContent = words.map(({ word }) => word).join(" ");
}

// source(hear, signal) → a promise of the sound's end; stop() ends it before.
async function listen(source, name) {
  element("lab-problem").hidden = true;
  state("connecting", true);
  const stopping = new AbortController();
  let seconds = 0;
  const stopped = new Promise((done) => stopping.signal.addEventListener("abort", done));
  ending = () => stopping.abort();
  try {
    await socket.begin();
    words = [];
    write();
    hearing.clear();
    state(name, true);
    const hear = (samples) => {
      seconds += samples.length / page.sample_rate;
      if (seconds >= page.most_seconds) ending?.();
      else socket.sound(to16(samples));
    };
    await source(hear, stopping.signal, stopped);
    state("finishing", true);
    socket.end();
  } catch (fault) {
    state("", false);
    refuse(fault);
  }
  ending = null;
}

socket.addEventListener("heard", ({ detail }) => {
  hearing.push(detail);
  if (!detail.words.length) return;
  words.push(...detail.words);
  write();
});
socket.addEventListener("finished", ({ detail }) => {
  state(detail.words.length ? "" : "nothingHeard", false);
  const { rate } = page;
  const tokens = Array.from({ length: detail.frames }, (_, k) => `${(k / rate).toFixed(2)} s`);
  for (const { word, frame } of detail.words) tokens[frame] += ` ${word}`;
  const read = { text: detail.words.map(({ word }) => word).join(" "), tokens, special: tokens.map(() => false), words: tokens.map((_, k) => ({ stop: k })) };
  hearing.read = read;
  point(detail.words.at(-1)?.frame ?? null);
});
socket.addEventListener("fault", ({ detail }) => {
  ending?.();
  ending = null;
  state("", false);
  refuse(detail);
});

function point(frame) {
  hearing.mark(frame);
  if (hearing.read) gates.show(hearing.read, null, frame);
}
hearing.addEventListener("frame", ({ detail }) => point(detail));

element("listen").addEventListener("click", () => {
  hearing.read = null;
  listen(async (hear, _, stopped) => {
    const stop = await microphone(worklet, hear);
    await stopped;
    await stop();
  }, "listening");
});
element("stop").addEventListener("click", () => ending?.());

async function open(file) {
  let samples;
  element("lab-problem").hidden = true;
  try {
    samples = await decoded(file, page.most_seconds);
  } catch (fault) {
    return refuse(fault);
  }
  hearing.read = null;
  return listen((hear, signal) => played(samples, hear, signal), "playing");
}
element("example").addEventListener("click", async () => {
  const answer = await fetch(example);
  if (answer.ok) open(await answer.blob());
  else refuse(null);
});
element("sound-file").addEventListener("change", ({ target }) => target.files[0] && open(target.files[0]));
const drop = element("drop");
drop.addEventListener("dragover", (event) => event.preventDefault());
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (file && element("stop").disabled) open(file);
});
state("", false);
