// Hands on what the microphone gives, channel by channel mixed to one, a block of 128 samples at a time.
class Microphone extends AudioWorkletProcessor {
  process([input]) {
    if (!input.length) return true;
    const mixed = new Float32Array(input[0].length);
    for (const channel of input) channel.forEach((value, k) => { mixed[k] += value / input.length; });
    this.port.postMessage(mixed, [mixed.buffer]);
    return true;
  }
}
registerProcessor("microphone", Microphone);
