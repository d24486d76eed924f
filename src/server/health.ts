/** Whether it lives, and whether requests should be sent here. */
import { json, type Page } from './pages.ts';

export interface Health {
  /** Why requests should not be sent here; empty: they should. */
  unready(): readonly string[];
  /** What is wrong, though requests may be sent here. */
  notes(): readonly string[];
}

export function healthPages({ unready, notes }: Health): Page[] {
  return [
    { method: 'GET', path: '/healthz', open: true, visit: () => json({ status: 'ok' }) },
    {
      method: 'GET',
      path: '/readyz',
      open: true,
      visit() {
        const reasons = unready();
        if (reasons.length > 0) return json({ ready: false, reasons }, 503);
        const noted = notes();
        return json(noted.length > 0 ? { ready: true, notes: noted } : { ready: true });
      },
    },
  ];
}
