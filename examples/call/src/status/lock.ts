// The lock that a person sees, from what the client has said and counted: nothing here assumes that anything works.

/** What is known of one track, from events and stats of the client. */
export interface TrackFacts {
  readonly kind: 'audio' | 'video';
  /** As stats have it. */
  readonly policy: 'protected' | 'plaintext' | 'echo';
  /** Whether frames have come out of the transform lately, encrypted or decrypted by it. */
  readonly isFlowing: boolean;
  /** Whether frames have come out lately as they came. */
  readonly isPlain: boolean;
  /** The reason of the last `status` event, until one says `recovered`. */
  readonly trouble: string | undefined;
}

/**
 * - `waiting`: nothing has come yet
 * - `encrypted`, `unverified`: frames are opened; nobody has made sure yet whose they are
 * - `wrong-key`: frames come, and the key that is there does not open them
 * - `no-key`: frames come, and there is no key for them
 * - `clear`: some of it is not encrypted
 * - `unsupported`: the browser cannot do it
 */
export type Lock = 'waiting' | 'encrypted' | 'unverified' | 'wrong-key' | 'no-key' | 'clear' | 'unsupported';

/** Which kinds of tracks are in the clear. */
export function clearKinds(tracks: readonly TrackFacts[]): Set<'audio' | 'video'> {
  const clear = tracks.filter(({ policy, isPlain }) => policy === 'plaintext' || isPlain);
  return new Set(clear.map(({ kind }) => kind));
}

/**
 * Of what comes from one person.
 * @param isVerified whether emoji were compared with him; undefined where there is nothing to compare
 */
export function lockOfView(tracks: readonly TrackFacts[], isVerified: boolean | undefined): Lock {
  if (clearKinds(tracks).size > 0) return 'clear';
  const works = tracks.some(({ isFlowing }) => isFlowing);
  const troubles = tracks.flatMap(({ trouble }) => trouble ?? []);
  if (!works && troubles.length > 0)
    return troubles.every((trouble) => trouble === 'key-id') ? 'no-key' : 'wrong-key';
  if (!works) return 'waiting';
  return isVerified === false ? 'unverified' : 'encrypted';
}

/** Of a person: of what he sends, and of what he gets. */
export function lockOfPerson(sent: readonly TrackFacts[], views: readonly Lock[]): Lock {
  if (clearKinds(sent).size > 0 || views.includes('clear')) return 'clear';
  const opens = views.some((lock) => lock === 'encrypted' || lock === 'unverified');
  if (!opens) return views.find((lock) => lock === 'wrong-key' || lock === 'no-key') ?? 'waiting';
  if (views.includes('unverified')) return 'unverified';
  // who sends nothing, as a recorder, is encrypted if all that he gets is
  const sends = sent.length === 0 || sent.some(({ isFlowing }) => isFlowing);
  return sends ? 'encrypted' : 'waiting';
}
