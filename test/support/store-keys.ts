/** Two keys for a shared token store, as `openssl rand -base64 32` makes them: obvious fakes. */
export const STORE_KEY = Buffer.from('canary-store-key'.padEnd(32, '-')).toString('base64');
export const OTHER_STORE_KEY = Buffer.from('canary-another-key'.padEnd(32, '-')).toString('base64');
