// The points of the map, and which of them are near a place: typed arrays and a grid, for 100,000 and more.

const RECORD_BYTES = 28; // 16 of the id, x and y as float32, the label as uint32
const SIDE = 160; // cells of the grid

export class Points {
  /** `buffer` is what the service sends, little endian. */
  constructor(buffer, labels) {
    const view = new DataView(buffer);
    this.count = Math.floor(buffer.byteLength / RECORD_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.labels = labels;
    this.at = new Float32Array(this.count * 2); // x, y, x, y, ...
    this.label = new Uint32Array(this.count);
    for (let n = 0; n < this.count; n += 1) {
      const start = n * RECORD_BYTES + 16;
      this.at[2 * n] = view.getFloat32(start, true);
      this.at[2 * n + 1] = view.getFloat32(start + 4, true);
      this.label[n] = view.getUint32(start + 8, true);
    }
    this.sortIntoCells();
  }

  id(n) {
    let text = "";
    for (let k = 0; k < 16; k += 1) text += this.bytes[n * RECORD_BYTES + k].toString(16).padStart(2, "0");
    return text;
  }

  /** Counting sort: the points of cell c are order[starts[c]] to order[starts[c + 1] - 1]. */
  sortIntoCells() {
    const cells = new Uint32Array(this.count);
    this.starts = new Uint32Array(SIDE * SIDE + 1);
    for (let n = 0; n < this.count; n += 1) {
      cells[n] = cellOf(this.at[2 * n + 1]) * SIDE + cellOf(this.at[2 * n]);
      this.starts[cells[n] + 1] += 1;
    }
    for (let c = 0; c < SIDE * SIDE; c += 1) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.order = new Uint32Array(this.count);
    for (let n = 0; n < this.count; n += 1) this.order[next[cells[n]]++] = n;
  }

  /** Call `each` with the points of the cells that a box touches; it may give false to end. */
  inBox(left, top, right, bottom, each) {
    for (let row = cellOf(top); row <= cellOf(bottom); row += 1) {
      const from = this.starts[row * SIDE + cellOf(left)];
      const to = this.starts[row * SIDE + cellOf(right) + 1];
      for (let k = from; k < to; k += 1) if (each(this.order[k]) === false) return;
    }
  }

  /** The point nearest to a place within `reachX` and `reachY`, or -1; `only` is a label, or -1. */
  nearest(x, y, reachX, reachY, only = -1) {
    let best = -1;
    let least = 1;
    this.inBox(x - reachX, y - reachY, x + reachX, y + reachY, (n) => {
      if (only >= 0 && this.label[n] !== only) return;
      const away = ((this.at[2 * n] - x) / reachX) ** 2 + ((this.at[2 * n + 1] - y) / reachY) ** 2;
      if (away < least) [least, best] = [away, n];
    });
    return best;
  }

  /** Of each label: how many, and where to write its name, which is at one of its points. */
  middles() {
    const sums = this.labels.map(() => [0, 0, 0]);
    for (let n = 0; n < this.count; n += 1) {
      const sum = sums[this.label[n]];
      if (!sum) continue;
      sum[0] += 1;
      sum[1] += this.at[2 * n];
      sum[2] += this.at[2 * n + 1];
    }
    const found = sums.map(([count, x, y], label) => ({ label, count, x: x / count, y: y / count, best: Infinity, point: -1 }));
    for (let n = 0; n < this.count; n += 1) {
      const one = found[this.label[n]];
      if (!one) continue;
      const away = (this.at[2 * n] - one.x) ** 2 + (this.at[2 * n + 1] - one.y) ** 2;
      if (away < one.best) [one.best, one.point] = [away, n];
    }
    return found.filter((one) => one.count);
  }
}

const cellOf = (value) => Math.min(SIDE - 1, Math.max(0, Math.floor(value * SIDE)));
