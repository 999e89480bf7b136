// The points, drawn: by the graphics card where there is one, else into the pixels of a plain canvas.

const VERTEX = `
attribute vec2 at; attribute vec3 colour; attribute float label;
uniform vec2 scale, shift; uniform float size, chosen;
varying vec4 shown; varying float across;
void main() {
  bool out_of_it = chosen >= 0.0 && abs(label - chosen) > 0.5;
  gl_Position = vec4(at * scale + shift, out_of_it ? 0.5 : 0.0, 1.0);
  gl_PointSize = size;
  across = size;
  shown = vec4(colour, out_of_it ? 0.10 : 0.82);
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 shown; varying float across;
void main() {
  float away = length(gl_PointCoord - 0.5) * across;
  float alpha = shown.a * clamp(across * 0.5 - away, 0.0, 1.0);
  gl_FragColor = vec4(shown.rgb * alpha, alpha);
}`;

/** Null where the graphics card cannot be used. */
export function cardPainter(canvas, points) {
  const gl = canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true, failIfMajorPerformanceCaveat: true });
  if (!gl || isImitated(gl)) return null;
  try {
    return new Graphics(gl, points);
  } catch {
    return null;
  }
}

/** Whether a program does the card's work: the plain painter does it faster. */
function isImitated(gl) {
  const naming = gl.getExtension("WEBGL_debug_renderer_info");
  return Boolean(naming) && /swiftshader|llvmpipe|software/i.test(gl.getParameter(naming.UNMASKED_RENDERER_WEBGL));
}

export const plainPainter = (canvas, points) => new Pixels(canvas, points);

class Graphics {
  constructor(gl, points) {
    this.gl = gl;
    this.points = points;
    const program = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.places = Object.fromEntries(["scale", "shift", "size", "chosen"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.feed(program, "at", points.at, 2, gl.FLOAT, false);
    this.feed(program, "label", Float32Array.from(points.label), 1, gl.FLOAT, false);
    this.program = program;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  feed(program, name, values, size, type, normalized) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    const place = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, type, normalized, 0, 0);
  }

  /** `palette` holds r, g, b of each label, 0 to 255. */
  colour(palette) {
    const { label, count } = this.points;
    const colours = new Uint8Array(count * 3);
    for (let n = 0; n < count; n += 1) colours.set(palette[label[n]] ?? palette[0], 3 * n);
    this.feed(this.program, "colour", colours, 3, this.gl.UNSIGNED_BYTE, true);
  }

  /** Screen x = at.x * scale[0] + shift[0], in pixels of the device; y likewise, downwards. */
  draw({ scale, shift, size, chosen, width, height }) {
    const { gl, places } = this;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(places.scale, (2 * scale[0]) / width, (-2 * scale[1]) / height);
    gl.uniform2f(places.shift, (2 * shift[0]) / width - 1, 1 - (2 * shift[1]) / height);
    gl.uniform1f(places.size, size);
    gl.uniform1f(places.chosen, chosen);
    gl.drawArrays(gl.POINTS, 0, this.points.count);
  }
}

class Pixels {
  constructor(canvas, points) {
    this.context = canvas.getContext("2d");
    this.points = points;
  }

  colour(palette) {
    this.palette = palette.map(([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r);
  }

  draw({ scale, shift, size, chosen, width, height }) {
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.pixels = new Int32Array(this.image.data.buffer);
    }
    const { pixels, palette } = this;
    const { at, label, count } = this.points;
    pixels.fill(0);
    const side = Math.max(2, Math.round(size * 0.8));
    const spans = spansOf(side);
    for (let n = 0; n < count; n += 1) {
      if (chosen >= 0 && label[n] !== chosen) continue;
      const left = Math.round(at[2 * n] * scale[0] + shift[0] - side / 2);
      const top = Math.round(at[2 * n + 1] * scale[1] + shift[1] - side / 2);
      if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
      const colour = palette[label[n]];
      for (let row = 0; row < side; row += 1) {
        const start = (top + row) * width + left;
        for (let x = start + spans[row], end = start + side - spans[row]; x < end; x += 1) pixels[x] = colour;
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

/** How many pixels each row of a disk leaves out at its left, and as many at its right. */
function spansOf(side) {
  const middle = side / 2;
  return Array.from({ length: side }, (_, row) => {
    if (side < 5) return 0;
    return Math.max(0, Math.round(middle - Math.sqrt(middle ** 2 - (row + 0.5 - middle) ** 2)));
  });
}
