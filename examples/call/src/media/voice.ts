// What one person sends as sound: soft tones of his own, or the microphone.

/** One for the page: browsers have few. Made when the user has clicked something, or it would stay silent. */
let shared: AudioContext | undefined;

function context(): AudioContext {
  shared ??= new AudioContext();
  void shared.resume();
  return shared;
}

/** A tone that comes and goes. */
function createTone(frequency: number): MediaStreamTrack {
  const audio = context();
  const out = audio.createMediaStreamDestination();
  const tone = new OscillatorNode(audio, { frequency });
  const loudness = new GainNode(audio, { gain: 0.05 });
  const swell = new OscillatorNode(audio, { frequency: 0.4 });
  swell.connect(new GainNode(audio, { gain: 0.05 })).connect(loudness.gain);
  tone.connect(loudness).connect(out);
  tone.start();
  swell.start();
  const [track] = out.stream.getAudioTracks();
  if (track === undefined) throw new Error('this browser makes no sound');
  return track;
}

export class Voice {
  readonly #tone: MediaStreamTrack;
  #microphone: MediaStreamTrack | undefined;
  #isMuted = false;

  constructor(frequency: number) {
    this.#tone = createTone(frequency);
  }

  get track(): MediaStreamTrack {
    return this.#microphone ?? this.#tone;
  }

  get hasMicrophone(): boolean {
    return this.#microphone !== undefined;
  }

  get isMuted(): boolean {
    return this.#isMuted;
  }

  set isMuted(isMuted: boolean) {
    this.#isMuted = isMuted;
    this.track.enabled = !isMuted;
  }

  /** Rejects if the user does not allow it. The track is another one then. */
  async useMicrophone(): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const [track] = stream.getAudioTracks();
    this.useTone();
    this.#microphone = track;
    this.track.enabled = !this.#isMuted;
  }

  useTone(): void {
    this.#microphone?.stop();
    this.#microphone = undefined;
    this.#tone.enabled = !this.#isMuted;
  }

  close(): void {
    this.#microphone?.stop();
    this.#tone.stop();
  }
}
