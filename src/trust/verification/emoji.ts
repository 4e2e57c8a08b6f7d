// The 64 emoji of a short authentication string: this library's own choice. The order is part of the protocol.
//
// Each is one code point of Unicode 9 or older that is drawn in colour by itself. No two differ by colour or pose alone,
// and no two names rhyme or begin alike, because they are read aloud.

/** One of the 64 emoji, and what to call it. */
export interface VerificationEmoji {
  /** The emoji, one code point. */
  readonly symbol: string;
  /** Its English name: for screen readers, for reading aloud, and as a key for translations. */
  readonly name: string;
}

const table: readonly (readonly [symbol: string, name: string])[] = [
  ['🐘', 'elephant'],
  ['🐱', 'cat'],
  ['🐰', 'rabbit'],
  ['🐸', 'frog'],
  ['🐧', 'penguin'],
  ['🐢', 'turtle'],
  ['🐙', 'octopus'],
  ['🦋', 'butterfly'],
  ['🐞', 'ladybird'],
  ['🐍', 'snake'],
  ['🐳', 'whale'],
  ['🦀', 'crab'],
  ['🦉', 'owl'],
  ['🐼', 'panda'],
  ['🐫', 'camel'],
  ['🐓', 'rooster'],
  ['🌵', 'cactus'],
  ['🌻', 'sunflower'],
  ['🍄', 'mushroom'],
  ['🌴', 'palm tree'],
  ['🍎', 'apple'],
  ['🍌', 'banana'],
  ['🍇', 'grapes'],
  ['🍍', 'pineapple'],
  ['🥕', 'carrot'],
  ['🌽', 'corn'],
  ['🧀', 'cheese'],
  ['🍕', 'pizza'],
  ['🍩', 'doughnut'],
  ['🥚', 'egg'],
  ['🍦', 'ice cream'],
  ['🌙', 'moon'],
  ['⭐', 'star'],
  ['🔥', 'fire'],
  ['🌈', 'rainbow'],
  ['⛄', 'snowman'],
  ['⚡', 'lightning'],
  ['🌋', 'volcano'],
  ['🌊', 'wave'],
  ['🔑', 'key'],
  ['🔔', 'bell'],
  ['🔨', 'hammer'],
  ['☔', 'umbrella'],
  ['📕', 'book'],
  ['💡', 'light bulb'],
  ['🎁', 'gift'],
  ['🎈', 'balloon'],
  ['🎸', 'guitar'],
  ['🥁', 'drum'],
  ['🎺', 'trumpet'],
  ['🏆', 'trophy'],
  ['⚽', 'football'],
  ['⚓', 'anchor'],
  ['🚲', 'bicycle'],
  ['🚂', 'train'],
  ['🚀', 'rocket'],
  ['🚜', 'tractor'],
  ['⛵', 'sailing boat'],
  ['🏰', 'castle'],
  ['👑', 'crown'],
  ['👓', 'glasses'],
  ['⏰', 'alarm clock'],
  ['💎', 'diamond'],
  ['🤖', 'robot'],
];

/**
 * The emoji that short authentication strings are made of, by number, 0 to 63: for translations of their names, or
 * pictures of your own.
 *
 * @example
 * ```js
 * import { verificationEmoji } from 'sframe-wasm/verification';
 *
 * console.log(verificationEmoji.length, verificationEmoji[39]?.name); // 64 key
 * ```
 */
export const verificationEmoji: readonly VerificationEmoji[] = /* @__PURE__ */ Object.freeze(
  /* @__PURE__ */ table.map(([symbol, name]) => Object.freeze({ symbol, name })),
);
