import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumFlags, findChromium } from './scripts/chromium.mjs';

const executablePath = findChromium();
if (executablePath === undefined) {
  if (process.env['CI']) throw new Error('no Chromium found, and CI is set: its tests must run');
  console.log('No Chromium found (CHROMIUM_PATH, PATH, Playwright): its tests are left out.');
}

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'node', include: ['test/*.test.ts'], testTimeout: 60_000 } },
      ...(executablePath === undefined
        ? []
        : [
            {
              // found at once, or the page would reload in mid-run when they are
              optimizeDeps: {
                include: [
                  '@noble/ciphers/aes.js',
                  '@noble/curves/ed25519.js',
                  '@noble/curves/nist.js',
                  '@hpke/core',
                  '@noble/hashes/hkdf.js',
                  '@noble/hashes/hmac.js',
                  '@noble/hashes/sha2.js',
                  'fast-check',
                  'ts-mls',
                ],
              },
              test: {
                name: 'chromium',
                include: ['test/*.test.ts'],
                exclude: ['test/*.node.test.ts'],
                testTimeout: 120_000,
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  provider: playwright({ launchOptions: { executablePath, args: chromiumFlags } }),
                  instances: [{ browser: 'chromium' as const }],
                },
              },
            },
          ]),
    ],
  },
});
