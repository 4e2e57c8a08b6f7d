// @ts-check
// Video that can be checked: a moving pattern with the frame's number in big blocks, and its reader, which compares a
// received picture with the one that was drawn under that number.
//
//   two rows of eight blocks     12 bits of number, 4 of checksum; white is 1
//   coloured bars, moving        another picture for every number

const COLUMNS = 8;
const NUMBERS = 4096;
/** Each source counts in a range of its own. */
const RANGE = 1024;

/** A number and its checksum, 16 bits. @param {number} number */
function codeOf(number) {
  const sum = (number ^ (number >> 4) ^ (number >> 8) ^ 0b0101) & 15;
  return (number << 4) | sum;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} number
 */
function draw(context, number) {
  const { width, height } = context.canvas;
  const blockWidth = width / COLUMNS;
  const blockHeight = height / 4;
  const code = codeOf(number);
  for (let i = 0; i < 2 * COLUMNS; i++) {
    context.fillStyle = (code >> (15 - i)) & 1 ? '#fff' : '#000';
    context.fillRect(
      (i % COLUMNS) * blockWidth,
      Math.floor(i / COLUMNS) * blockHeight,
      blockWidth,
      blockHeight,
    );
  }
  const shift = (number * 3) % COLUMNS;
  for (let i = 0; i < COLUMNS; i++) {
    context.fillStyle = `hsl(${((i + shift) % COLUMNS) * 45} 80% 50%)`;
    context.fillRect(i * blockWidth, height / 2, blockWidth, height / 2);
  }
}

/** @param {number} width @param {number} height */
function createContext(width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no 2D canvas');
  return context;
}

let sources = 0;

/** A camera or a screen. */
export class Source {
  /** @param {{ width?: number, height?: number, fps?: number }} [options] */
  constructor({ width = 320, height = 180, fps = 15 } = {}) {
    this.base = (sources++ * RANGE) % NUMBERS;
    this.count = 0;
    const context = createContext(width, height);
    draw(context, this.base);
    const [track] = context.canvas.captureStream(fps).getVideoTracks();
    if (track === undefined) throw new Error('a canvas without a track');
    this.track = track;
    this.timer = setInterval(() => {
      this.count++;
      draw(context, this.base + (this.count % RANGE));
    }, 1000 / fps);
  }

  /** How many frames ago a number was drawn; undefined: not of late. @param {number} number */
  ageOf(number) {
    const age = (this.base + this.count - number + RANGE) % RANGE;
    const isOurs = number >= this.base && number < this.base + RANGE;
    return isOurs && age < RANGE / 2 ? age : undefined;
  }

  stop() {
    clearInterval(this.timer);
    this.track.stop();
  }
}

/** @param {ImageData} image @param {number} column @param {number} row */
function brightnessOfBlock({ data, width, height }, column, row) {
  const x = Math.floor(((column + 0.5) * width) / COLUMNS);
  const y = Math.floor(((row + 0.5) * height) / 4);
  return data[4 * (y * width + x) + 1] ?? 0;
}

/** Mean absolute difference of two pictures, 0 to 255. @param {ImageData} a @param {ImageData} b */
function difference(a, b) {
  let sum = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    for (let c = 0; c < 3; c++) sum += Math.abs((a.data[i + c] ?? 0) - (b.data[i + c] ?? 0));
  }
  return sum / (0.75 * a.data.length);
}

/** Shows a received track, and reads it. */
export class Screen {
  /** @param {MediaStreamTrack} track */
  constructor(track) {
    this.video = document.createElement('video');
    this.video.srcObject = new MediaStream([track]);
    this.video.muted = true;
    this.video.autoplay = true;
    document.body.append(this.video);
  }

  /**
   * What is on it.
   * @returns {{ number: number, difference: number, width: number } | undefined} the frame's number, and by how much
   * the picture differs from the one that was drawn under it; undefined: nothing, or no such pattern
   */
  read() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width === 0 || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const seen = createContext(width, height);
    seen.drawImage(this.video, 0, 0);
    const image = seen.getImageData(0, 0, width, height);
    let code = 0;
    for (let i = 0; i < 2 * COLUMNS; i++)
      code = (code << 1) | Number(brightnessOfBlock(image, i % COLUMNS, Math.floor(i / COLUMNS)) > 127);
    const number = code >> 4;
    if (codeOf(number) !== code) return;
    const drawn = createContext(width, height);
    draw(drawn, number);
    return { number, difference: difference(image, drawn.getImageData(0, 0, width, height)), width };
  }

  close() {
    this.video.srcObject = null;
    this.video.remove();
  }
}
