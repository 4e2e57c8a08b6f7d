// The headers that pages have anywhere: nothing inline, nobody else's server.

/** Also for the worker's own response, where WebAssembly is compiled. @param {...string} more directives */
export function policyOf(...more) {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    ...more,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** @param {string} policy */
export function headersOf(policy) {
  return {
    // what a meta element cannot say
    'content-security-policy': `${policy}; frame-ancestors 'none'`,
    'permissions-policy': 'camera=(self), microphone=(self)',
    // for clocks that are fine enough to show what a frame costs
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}
