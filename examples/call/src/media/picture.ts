// What one person sends as video: always what is on a canvas, so that it can be changed before it is encrypted.

import { drawScene, type Look } from './scene.ts';

/** In pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const usual: PictureSize = { width: 640, height: 360 };
const FPS = 12;
const BLUR = 10;

/** Whether people want things to move. */
const calm = matchMedia('(prefers-reduced-motion: reduce)');

export class Picture {
  readonly #context: CanvasRenderingContext2D;
  readonly #look: Look;
  readonly #size: PictureSize;
  readonly #timer: ReturnType<typeof setInterval>;
  #camera: HTMLVideoElement | undefined;
  readonly track: MediaStreamTrack;
  isBlurred = false;

  constructor(look: Look, size: PictureSize = usual) {
    const canvas = document.createElement('canvas');
    canvas.width = size.width;
    canvas.height = size.height;
    const context = canvas.getContext('2d', { alpha: false });
    const [track] = canvas.captureStream(FPS).getVideoTracks();
    if (context === null || track === undefined) throw new Error('this browser has no canvas to film');
    this.#context = context;
    this.#look = look;
    this.#size = size;
    this.track = track;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), 1000 / FPS);
  }

  get hasCamera(): boolean {
    return this.#camera !== undefined;
  }

  /** Films with the camera from now on; rejects if the user does not allow it. */
  async useCamera(): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { ...this.#size } });
    this.useDrawing();
    const camera = document.createElement('video');
    camera.muted = true;
    camera.playsInline = true;
    camera.srcObject = stream;
    await camera.play();
    this.#camera = camera;
  }

  useDrawing(): void {
    const stream = this.#camera?.srcObject;
    if (stream instanceof MediaStream) for (const track of stream.getTracks()) track.stop();
    this.#camera = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.useDrawing();
    this.track.stop();
  }

  #draw(): void {
    const blur = this.isBlurred ? BLUR : 0;
    if (this.#camera === undefined) {
      // it still counts the seconds
      const seconds = performance.now() / 1000;
      drawScene(this.#context, this.#look, calm.matches ? Math.floor(seconds) : seconds, blur);
      return;
    }
    this.#context.filter = blur > 0 ? `blur(${blur}px)` : 'none';
    // a blur darkens the edges: those are left out
    const { width, height } = this.#size;
    this.#context.drawImage(this.#camera, -2 * blur, -2 * blur, width + 4 * blur, height + 4 * blur);
    this.#context.filter = 'none';
  }
}
