// @ts-check
// How long a picture stands still.

/** @param {HTMLVideoElement} video @returns {() => number} the longest time without a new picture since it was asked last, in ms */
export function watchGaps(video) {
  let last = performance.now();
  let longest = 0;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  return () => {
    const gap = Math.max(longest, performance.now() - last);
    longest = 0;
    return Math.round(gap);
  };
}
