// Sound at a lower rate, piece by piece: a windowed sinc below half of the new rate, then every so-manieth
// sample. However the sound is cut into pieces, what comes out is the same.
const LOBES = 16; // zero crossings of the sinc on either side

export class Downsampler {
  constructor(from, to) {
    this.step = from / to;
    const reach = Math.ceil(LOBES * Math.max(1, this.step));
    Object.assign(this, { reach, cut: Math.min(1, 1 / this.step), rest: new Float32Array(reach), at: reach });
  }

  #weight(distance) {
    const x = Math.PI * distance * this.cut;
    const hann = 0.5 + 0.5 * Math.cos((Math.PI * distance) / (this.reach + 1));
    return this.cut * hann * (x === 0 ? 1 : Math.sin(x) / x);
  }

  push(samples) {
    const all = new Float32Array(this.rest.length + samples.length);
    all.set(this.rest);
    all.set(samples, this.rest.length);
    const out = [];
    for (; this.at + this.reach < all.length; this.at += this.step) {
      const middle = Math.round(this.at);
      let sum = 0;
      for (let k = middle - this.reach + 1; k < middle + this.reach; k += 1) sum += (all[k] ?? 0) * this.#weight(k - this.at);
      out.push(sum);
    }
    const cut = Math.max(0, Math.floor(this.at) - this.reach);
    this.rest = all.slice(cut);
    this.at -= cut;
    return Float32Array.from(out);
  }
}
