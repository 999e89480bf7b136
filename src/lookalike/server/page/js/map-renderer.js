// Draws the points of the map: with WebGL on a graphics card, else pixel by pixel on a 2D canvas.

const VERTEX = `
attribute vec2 position; attribute vec3 colour; attribute float label;
uniform vec2 scale, shift; uniform float size, shown_label;
varying vec4 fill; varying float diameter;
void main() {
  bool is_other = shown_label >= 0.0 && abs(label - shown_label) > 0.5;
  gl_Position = vec4(position * scale + shift, is_other ? 0.5 : 0.0, 1.0);
  gl_PointSize = size;
  diameter = size;
  fill = vec4(colour, is_other ? 0.10 : 0.82);
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 fill; varying float diameter;
void main() {
  float radius = length(gl_PointCoord - 0.5) * diameter;
  float alpha = fill.a * clamp(diameter * 0.5 - radius, 0.0, 1.0);
  gl_FragColor = vec4(fill.rgb * alpha, alpha);
}`;

/** Returns null where there is no graphics card to use. */
export function createWebGLRenderer(canvas, points) {
  const gl = canvas.getContext("webgl", {
    antialias: false,
    premultipliedAlpha: true,
    failIfMajorPerformanceCaveat: true,
  });
  if (!gl || isSoftware(gl)) return null;
  try {
    return new WebGLRenderer(gl, points);
  } catch {
    return null;
  }
}

/** Whether WebGL is emulated in software: the canvas renderer is faster than that. */
function isSoftware(gl) {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return (
    Boolean(info) &&
    /swiftshader|llvmpipe|software/i.test(gl.getParameter(info.UNMASKED_RENDERER_WEBGL))
  );
}

export const createCanvasRenderer = (canvas, points) => new CanvasRenderer(canvas, points);

class WebGLRenderer {
  constructor(gl, points) {
    this.gl = gl;
    this.points = points;
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS))
      throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.uniforms = Object.fromEntries(
      ["scale", "shift", "size", "shown_label"].map((name) => [
        name,
        gl.getUniformLocation(program, name),
      ]),
    );
    this.setAttribute(program, "position", points.position, 2, gl.FLOAT, false);
    this.setAttribute(program, "label", Float32Array.from(points.label), 1, gl.FLOAT, false);
    this.program = program;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  setAttribute(program, name, values, size, type, normalized) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    const location = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, size, type, normalized, 0, 0);
  }

  /** `palette` holds r, g, b of each label, 0 to 255. */
  setPalette(palette) {
    const { label, count } = this.points;
    const colours = new Uint8Array(count * 3);
    for (let n = 0; n < count; n += 1) colours.set(palette[label[n]] ?? palette[0], 3 * n);
    this.setAttribute(this.program, "colour", colours, 3, this.gl.UNSIGNED_BYTE, true);
  }

  /** Screen x = position x * scale[0] + shift[0], in device pixels; y likewise, downwards. */
  draw({ scale, shift, size, shownLabel, width, height }) {
    const { gl, uniforms } = this;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(uniforms.scale, (2 * scale[0]) / width, (-2 * scale[1]) / height);
    gl.uniform2f(uniforms.shift, (2 * shift[0]) / width - 1, 1 - (2 * shift[1]) / height);
    gl.uniform1f(uniforms.size, size);
    gl.uniform1f(uniforms.shown_label, shownLabel);
    gl.drawArrays(gl.POINTS, 0, this.points.count);
  }
}

class CanvasRenderer {
  constructor(canvas, points) {
    this.context = canvas.getContext("2d");
    this.points = points;
  }

  setPalette(palette) {
    this.palette = palette.map(([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r);
  }

  draw({ scale, shift, size, shownLabel, width, height }) {
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.pixels = new Int32Array(this.image.data.buffer);
    }
    const { pixels, palette } = this;
    const { position, label, count } = this.points;
    pixels.fill(0);
    const side = Math.max(2, Math.round(size * 0.8));
    const insets = insetsOf(side);
    for (let n = 0; n < count; n += 1) {
      if (shownLabel >= 0 && label[n] !== shownLabel) continue;
      const left = Math.round(position[2 * n] * scale[0] + shift[0] - side / 2);
      const top = Math.round(position[2 * n + 1] * scale[1] + shift[1] - side / 2);
      if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
      const colour = palette[label[n]];
      for (let row = 0; row < side; row += 1) {
        const start = (top + row) * width + left;
        for (let x = start + insets[row], end = start + side - insets[row]; x < end; x += 1)
          pixels[x] = colour;
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

/** How many pixels each row of a disk leaves empty on its left, and likewise on its right. */
function insetsOf(side) {
  const middle = side / 2;
  return Array.from({ length: side }, (_, row) => {
    if (side < 5) return 0;
    return Math.max(0, Math.round(middle - Math.sqrt(middle ** 2 - (row + 0.5 - middle) ** 2)));
  });
}

const GOLDEN_ANGLE = 137.508; // degrees; keeps the hues of neighbouring labels far apart
const GREY = [128, 128, 128];

/** The colour of each label as [r, g, b], 0 to 255; `centroids` say where the labels are. */
export function labelPalette(count, centroids, isDark) {
  const palette = Array.from({ length: Math.max(1, count) }, () => GREY);
  [...centroids]
    .sort((a, b) => a.x - b.x)
    .forEach(({ label }, n) => {
      palette[label] = rgbOf((n * GOLDEN_ANGLE + 20) % 360, 0.6, isDark ? 0.64 : 0.44);
    });
  return palette;
}

function rgbOf(hue, saturation, lightness) {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}
