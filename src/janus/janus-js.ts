// What is used of janus.js (npm `janus-gateway`), as shapes: its handles fit, and so does whatever behaves like them.

declare global {
  // Types of the web that the API names, as lib.dom.d.ts declares them, for programs compiled without that.
  interface RTCPeerConnection {}
  interface RTCRtpTransceiver {}
}

/** A session description, with what Janus puts beside it. */
export interface JanusJsep {
  type?: string;
  sdp?: string;
  /** Whether the media is encrypted end to end. It is Janus that is told; it decides nothing here. */
  e2ee?: boolean;
}

/** What a plugin says, and what it is asked: JSON. */
export interface JanusMessage {
  // biome-ignore lint/suspicious/noExplicitAny: of each plugin's own making
  [key: string]: any;
}

/** A stream of a connection, as a plugin describes it: the server's word, and no more than that. */
export interface JanusStream {
  /** Of its transceiver. */
  readonly mid: string;
  readonly type?: string | undefined;
  /** VideoRoom: whose it is, by its publisher's ID, and by the name with which he joined. */
  readonly feed_id?: number | string | undefined;
  readonly feed_display?: string | undefined;
  /** VideoRoom: which of the publisher's streams, and how he describes it. */
  readonly feed_mid?: string | undefined;
  readonly feed_description?: string | undefined;
}

/** What offers and answers are asked with. */
export interface JanusNegotiation {
  tracks?: object[];
  trickle?: boolean;
  externalEncryption?: boolean;
  customizeSdp?: (jsep: JanusJsep) => void;
  // biome-ignore lint/suspicious/noExplicitAny: janus.js calls it with null as well
  success?: (jsep: any) => void;
  // biome-ignore lint/suspicious/noExplicitAny: an Error, or a string
  error?: (error: any) => void;
}

/** A handle: what `janus.attach` gives to `success`. */
export interface JanusHandle {
  getPlugin(): string;
  readonly webrtcStuff: { readonly pc?: RTCPeerConnection | null };
  createOffer(params: JanusNegotiation): void;
  createAnswer(params: JanusNegotiation & { jsep: JanusJsep }): void;
  handleRemoteJsep(params: JanusNegotiation & { jsep: JanusJsep }): void;
  send(params: JanusRequest): void;
  data(params: { text: string; error?: (error: string) => void }): void;
}

/** A message to a plugin. */
export interface JanusRequest {
  message: { request: string };
  jsep?: JanusJsep;
  success?: (data?: unknown) => void;
  error?: (error: string) => void;
}

/** What janus.js calls on a handle, by these names, where `attach` was given them. */
export interface JanusCallbacks {
  onmessage?: (message: JanusMessage, jsep?: JanusJsep) => void;
  // biome-ignore lint/suspicious/noExplicitAny: text or binary
  ondata?: (data: any, label?: string) => void;
  ondataopen?: (label?: string, protocol?: string) => void;
  oncleanup?: () => void;
}

/** Adds to what a handle calls. What the application has put there is called after it, whatever comes of it. */
export function listen<K extends keyof JanusCallbacks>(
  handle: object,
  name: K,
  listener: NonNullable<JanusCallbacks[K]>,
): void {
  const callbacks = handle as JanusCallbacks;
  const before = callbacks[name] as ((...args: unknown[]) => void) | undefined;
  callbacks[name] = ((...args: unknown[]) => {
    try {
      (listener as (...args: unknown[]) => void)(...args);
    } finally {
      before?.apply(handle, args);
    }
  }) as JanusCallbacks[K];
}
