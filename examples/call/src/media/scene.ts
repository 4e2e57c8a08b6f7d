// A drawn person in a drawn room, for those who have no camera or would rather not use it.

/** How a person looks. */
export interface Look {
  readonly wall: string;
  readonly accent: string;
  readonly shirt: string;
  readonly skin: string;
  readonly hair: string;
  readonly hasLongHair: boolean;
}

type Context = CanvasRenderingContext2D;

function disc(context: Context, x: number, y: number, radius: number, fill: string): void {
  context.fillStyle = fill;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ellipse(context: Context, x: number, y: number, rx: number, ry: number, fill: string): void {
  context.fillStyle = fill;
  context.beginPath();
  context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  context.fill();
}

/** What is behind the person: a wall, a window with a passing cloud, a shelf, a clock that shows the time. */
function drawRoom(context: Context, look: Look, seconds: number): void {
  const { width: w, height: h } = context.canvas;
  context.fillStyle = look.wall;
  // beyond its edges as well, which a blur would darken otherwise
  context.fillRect(-0.1 * w, -0.1 * h, 1.2 * w, 1.2 * h);
  context.fillStyle = '#dcecf7';
  context.fillRect(0.06 * w, 0.1 * h, 0.24 * w, 0.42 * h);
  ellipse(context, (0.08 + 0.2 * ((seconds / 12) % 1)) * w, 0.24 * h, 0.05 * w, 0.04 * h, '#ffffff');
  context.strokeStyle = '#ffffff';
  context.lineWidth = 0.012 * w;
  context.strokeRect(0.06 * w, 0.1 * h, 0.24 * w, 0.42 * h);
  context.fillStyle = look.accent;
  context.fillRect(0.7 * w, 0.5 * h, 0.25 * w, 0.025 * h);
  for (const [i, height] of [0.16, 0.2, 0.13, 0.18].entries()) {
    context.fillStyle = i % 2 === 0 ? look.shirt : '#f3efe6';
    context.fillRect((0.72 + 0.05 * i) * w, (0.5 - height) * h, 0.036 * w, height * h);
  }
  disc(context, 0.83 * w, 0.16 * h, 0.09 * h, '#fbfaf7');
  const angle = (seconds / 60) * 2 * Math.PI - Math.PI / 2;
  context.strokeStyle = look.accent;
  context.lineWidth = 0.008 * w;
  context.beginPath();
  context.moveTo(0.83 * w, 0.16 * h);
  context.lineTo(0.83 * w + 0.07 * h * Math.cos(angle), 0.16 * h + 0.07 * h * Math.sin(angle));
  context.stroke();
}

/** The person: breathes, blinks, and speaks now and then. */
function drawPerson(context: Context, look: Look, seconds: number): void {
  const { width: w, height: h } = context.canvas;
  const x = (0.5 + 0.012 * Math.sin(seconds * 0.9)) * w;
  const y = (0.44 + 0.008 * Math.sin(seconds * 1.7)) * h;
  const head = 0.2 * h;
  if (look.hasLongHair) ellipse(context, x, y + 0.1 * h, head * 1.12, head * 1.45, look.hair);
  ellipse(context, x, 1.08 * h, 0.27 * w, 0.38 * h, look.shirt);
  context.fillStyle = look.skin;
  context.fillRect(x - 0.07 * h, y + 0.12 * h, 0.14 * h, 0.16 * h);
  ellipse(context, x, y + 0.28 * h, 0.07 * h, 0.05 * h, look.skin);
  ellipse(context, x, y, head * 0.86, head, look.skin);
  context.fillStyle = look.hair;
  context.beginPath();
  context.ellipse(x, y - 0.06 * h, head * 0.9, head * 0.8, 0, Math.PI, 2 * Math.PI);
  context.fill();
  const isBlinking = seconds % 3.7 < 0.14;
  for (const side of [-1, 1]) {
    const eye = isBlinking ? 0.003 * h : 0.018 * h;
    ellipse(context, x + side * 0.07 * h, y + 0.01 * h, 0.015 * h, eye, '#2a2320');
  }
  const isSpeaking = seconds % 6 < 3;
  const mouth = isSpeaking ? 0.008 + 0.016 * Math.abs(Math.sin(seconds * 9)) : 0.006;
  ellipse(context, x, y + 0.1 * h, 0.04 * h, mouth * h, '#8f3b34');
}

/** Draws it all. `blur` in pixels is of what is behind the person. */
export function drawScene(context: Context, look: Look, seconds: number, blur: number): void {
  context.filter = blur > 0 ? `blur(${blur}px)` : 'none';
  drawRoom(context, look, seconds);
  context.filter = 'none';
  drawPerson(context, look, seconds);
}
