// Where sound comes from: the microphone, or a file that is played while it is heard. Both give mono
// at RATE. Faults have a `reason`: "noMicrophone", "notAllowed", "notSound", "soundTooLong", "noSound".
import { Downsampler } from "./downsample.js";

export const RATE = 16000;
const PIECE = RATE / 10; // samples of one message
const MOST_FILE = 64 << 20; // bytes

export class SoundFault extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export const to16 = (samples) => Int16Array.from(samples, (v) => Math.max(-32768, Math.min(32767, Math.round(v * 32767))));

// Collects samples and gives whole pieces to `hear`.
class Pieces {
  constructor(hear) {
    Object.assign(this, { hear, waiting: [], count: 0 });
  }

  push(samples) {
    this.waiting.push(samples);
    this.count += samples.length;
    if (this.count >= PIECE) this.flush();
  }

  flush() {
    if (!this.count) return;
    const all = new Float32Array(this.count);
    let at = 0;
    for (const samples of this.waiting) {
      all.set(samples, at);
      at += samples.length;
    }
    Object.assign(this, { waiting: [], count: 0 });
    this.hear(all);
  }
}

// hear(samples) until stop() is called.
export async function microphone(worklet, hear) {
  let stream;
  try {
    if (!navigator.mediaDevices) throw new SoundFault("noMicrophone"); // also where the page isn't secure
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, autoGainControl: true, echoCancellation: false } });
  } catch (fault) {
    throw new SoundFault(fault.name === "NotAllowedError" ? "notAllowed" : "noMicrophone");
  }
  const context = new AudioContext();
  const end = () => {
    stream.getTracks().forEach((track) => track.stop());
    return context.close();
  };
  try {
    await context.audioWorklet.addModule(worklet);
    const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    const lower = new Downsampler(context.sampleRate, RATE);
    const pieces = new Pieces(hear);
    node.port.addEventListener("message", ({ data }) => pieces.push(lower.push(data)));
    node.port.start();
    context.createMediaStreamSource(stream).connect(node);
    return async () => {
      await end();
      pieces.flush();
    };
  } catch (fault) {
    await end();
    throw new SoundFault("noMicrophone");
  }
}

// A file's sound, decoded by the browser: any rate, any number of channels.
export async function decoded(file, seconds) {
  if (file.size > MOST_FILE) throw new SoundFault("soundTooLong");
  const context = new OfflineAudioContext(1, 1, RATE);
  let sound;
  try {
    sound = await context.decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new SoundFault("notSound");
  }
  if (sound.duration > seconds) throw new SoundFault("soundTooLong");
  const mixed = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    sound.getChannelData(channel).forEach((value, k) => { mixed[k] += value / sound.numberOfChannels; });
  }
  if (!mixed.some((value) => Math.abs(value) > 1e-4)) throw new SoundFault("noSound");
  return mixed;
}

// Plays samples and gives them to `hear` as they sound; resolves at their end, or when `signal` aborts.
export async function played(samples, hear, signal) {
  const context = new AudioContext();
  try {
    const buffer = context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start();
    const began = performance.now();
    for (let at = 0; at < samples.length && !signal.aborted; at += PIECE) {
      hear(samples.subarray(at, at + PIECE));
      const due = began + (1000 * (at + PIECE)) / RATE;
      await new Promise((done) => { setTimeout(done, due - performance.now()); });
    }
    source.stop();
  } finally {
    await context.close();
  }
}
