#!/usr/bin/env node
import { existsSync } from 'node:fs';

// Older releases of Node.js drop header fields past the thousandth, which can lose a request's framing (CVE-2026-58044).
const least = { 22: [23, 2], 24: [18, 1], 26: [5, 1] };
const [major, minor, patch] = process.versions.node.split('.').map(Number);
const [leastMinor, leastPatch] = least[major] ?? [major > 26 ? 0 : Number.POSITIVE_INFINITY, 0];
if (minor < leastMinor || (minor === leastMinor && patch < leastPatch)) {
  console.error(
    `bearerway needs Node.js 22.23.2, 24.18.1, 26.5.1 or newer of each line; this is ${process.versions.node}`,
  );
  process.exit(2);
}
const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error(
    'bearerway: this is a checkout that has not been built (npm run build; or npm start, which needs no build)',
  );
  process.exit(1);
}
await import(main);
