// Styles, which Vite takes, and a package without types.

declare module '*.css';
declare module 'webrtc-adapter' {
  const adapter: object;
  export default adapter;
}
