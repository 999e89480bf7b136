// The points of the map in typed arrays, with a grid that finds those near a place quickly.

const RECORD_BYTES = 28; // an id of 16, x and y as float32, a label as uint32
const GRID_SIDE = 160; // cells

export class MapPoints {
  /** `buffer` is the response of /map/points, little endian. */
  constructor(buffer, labels) {
    const view = new DataView(buffer);
    this.count = Math.floor(buffer.byteLength / RECORD_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.labels = labels;
    this.position = new Float32Array(this.count * 2); // x, y, x, y, ...
    this.label = new Uint32Array(this.count);
    for (let n = 0; n < this.count; n += 1) {
      const start = n * RECORD_BYTES + 16;
      this.position[2 * n] = view.getFloat32(start, true);
      this.position[2 * n + 1] = view.getFloat32(start + 4, true);
      this.label[n] = view.getUint32(start + 8, true);
    }
    this.sortIntoCells();
  }

  id(n) {
    let text = "";
    for (let k = 0; k < 16; k += 1)
      text += this.bytes[n * RECORD_BYTES + k].toString(16).padStart(2, "0");
    return text;
  }

  /** Counting sort: the points of cell c are order[starts[c]] to order[starts[c + 1] - 1]. */
  sortIntoCells() {
    const cells = new Uint32Array(this.count);
    this.starts = new Uint32Array(GRID_SIDE * GRID_SIDE + 1);
    for (let n = 0; n < this.count; n += 1) {
      cells[n] = cellOf(this.position[2 * n + 1]) * GRID_SIDE + cellOf(this.position[2 * n]);
      this.starts[cells[n] + 1] += 1;
    }
    for (let c = 0; c < GRID_SIDE * GRID_SIDE; c += 1) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.order = new Uint32Array(this.count);
    for (let n = 0; n < this.count; n += 1) this.order[next[cells[n]]++] = n;
  }

  /** Call `callback` with each point of the cells that a box touches, until it returns false. */
  inBox(left, top, right, bottom, callback) {
    for (let row = cellOf(top); row <= cellOf(bottom); row += 1) {
      const from = this.starts[row * GRID_SIDE + cellOf(left)];
      const to = this.starts[row * GRID_SIDE + cellOf(right) + 1];
      for (let k = from; k < to; k += 1) if (callback(this.order[k]) === false) return;
    }
  }

  /** The nearest point within `reachX` and `reachY`, of one label or of any (-1); -1 if none. */
  nearest(x, y, reachX, reachY, label = -1) {
    let nearest = -1;
    let leastDistance = 1; // squared, in units of the reach
    this.inBox(x - reachX, y - reachY, x + reachX, y + reachY, (n) => {
      if (label >= 0 && this.label[n] !== label) return;
      const distance =
        ((this.position[2 * n] - x) / reachX) ** 2 + ((this.position[2 * n + 1] - y) / reachY) ** 2;
      if (distance < leastDistance) [leastDistance, nearest] = [distance, n];
    });
    return nearest;
  }

  /** For each label its number of points, their mean, and the point nearest to that. */
  centroids() {
    const sums = this.labels.map(() => [0, 0, 0]);
    for (let n = 0; n < this.count; n += 1) {
      const sum = sums[this.label[n]];
      if (!sum) continue;
      sum[0] += 1;
      sum[1] += this.position[2 * n];
      sum[2] += this.position[2 * n + 1];
    }
    const centroids = sums.map(([count, x, y], label) => ({
      label,
      count,
      x: x / count,
      y: y / count,
      distance: Infinity,
      point: -1,
    }));
    for (let n = 0; n < this.count; n += 1) {
      const centroid = centroids[this.label[n]];
      if (!centroid) continue;
      const distance =
        (this.position[2 * n] - centroid.x) ** 2 + (this.position[2 * n + 1] - centroid.y) ** 2;
      if (distance < centroid.distance) [centroid.distance, centroid.point] = [distance, n];
    }
    return centroids.filter(({ count }) => count);
  }
}

const cellOf = (value) => Math.min(GRID_SIDE - 1, Math.max(0, Math.floor(value * GRID_SIDE)));
