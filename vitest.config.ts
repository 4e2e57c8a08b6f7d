import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { chromium } from 'playwright';
import { defineConfig } from 'vitest/config';

/** The Chromium to test in: named, on PATH, or Playwright's own. */
function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named) return named;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // not on PATH
    }
  }
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined;
}

const executablePath = findChromium();
if (executablePath === undefined) {
  if (process.env['CI']) throw new Error('no Chromium found, and CI is set: its tests must run');
  console.log('No Chromium found (CHROMIUM_PATH, PATH, Playwright): its tests are left out.');
}

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'node', include: ['test/*.test.ts'], testTimeout: 60_000 } },
      ...(executablePath === undefined
        ? []
        : [
            {
              // found at once, or the page would reload in mid-run when they are
              optimizeDeps: { include: ['@noble/ciphers/aes.js', 'fast-check'] },
              test: {
                name: 'chromium',
                include: ['test/*.test.ts'],
                exclude: ['test/*.node.test.ts'],
                testTimeout: 120_000,
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  provider: playwright({ launchOptions: { executablePath, args } }),
                  instances: [{ browser: 'chromium' as const }],
                },
              },
            },
          ]),
    ],
  },
});
