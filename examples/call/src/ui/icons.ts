// Icons, as paths on a square of 24. They say nothing that is not said in words beside them.

const paths = {
  locked:
    'M7 10V7a5 5 0 0 1 10 0v3h1a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zm2 0h6V7a3 3 0 0 0-6 0z',
  verified: 'M12 2 4 5v6c0 5 3.4 9.3 8 11 4.6-1.7 8-6 8-11V5zm-1.2 14L7 12.2l1.5-1.5 2.3 2.3 4.7-4.7L17 9.8z',
  question:
    'M12 2 4 5v6c0 5 3.4 9.3 8 11 4.6-1.7 8-6 8-11V5zm-1 15v-2h2v2zm2-3.6h-2c0-3 2.4-2.9 2.4-4.7a1.4 1.4 0 0 0-2.8 0h-2a3.4 3.4 0 0 1 6.8 0c0 2.4-2.4 2.6-2.4 4.7z',
  open: 'M7 10V7a5 5 0 0 1 9.6-2l-1.9.8A3 3 0 0 0 9 7v3h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z',
  barred:
    'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM5 12a7 7 0 0 1 11.3-5.5l-9.8 9.8A7 7 0 0 1 5 12zm7 7a7 7 0 0 1-4.3-1.5l9.8-9.8A7 7 0 0 1 12 19z',
  key: 'M14 3a7 7 0 0 0-6.7 9L2 17.3V22h4.7l1.6-1.6V18h2.4v-2.4h1A7 7 0 1 0 14 3zm2.3 6.7a2 2 0 1 1 0-4 2 2 0 0 1 0 4z',
  clock:
    'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zm-1 2v5.6l4.4 2.6 1-1.7-3.4-2V7z',
  warning: 'M12 2 1 21h22zm-1 7h2v6h-2zm0 8h2v2h-2z',
  microphone:
    'M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15zm6-3.5a6 6 0 0 1-12 0H4a8 8 0 0 0 7 7.9V22h2v-2.6a8 8 0 0 0 7-7.9z',
  camera: 'M3 6h11a2 2 0 0 1 2 2v2l5-3v10l-5-3v2a2 2 0 0 1-2 2H3a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2z',
  blur: 'M12 2.5S5 10 5 15a7 7 0 0 0 14 0c0-5-7-12.5-7-12.5zM12 19a4 4 0 0 1-4-4h2a2 2 0 0 0 2 2z',
  record: 'M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z',
  sound: 'M3 9v6h4l5 5V4L7 9zm12.5-1.500a6 6 0 0 1 0 9l1.4 1.400a8 8 0 0 0 0-11.800z',
  server:
    'M4 3h16a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zm0 10h16a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1zm2-7v2h2V6zm0 10v2h2v-2z',
} as const;

export type IconName = keyof typeof paths;

const NAMESPACE = 'http://www.w3.org/2000/svg';

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(NAMESPACE, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  const path = document.createElementNS(NAMESPACE, 'path');
  path.setAttribute('d', paths[name]);
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  return svg;
}
