import type { Page } from './pages.ts';

/** What Prometheus reads, in the media type that it says. */
export function metricsPage(read: () => Promise<{ readonly type: string; readonly body: string }>): Page {
  return {
    method: 'GET',
    path: '/metrics',
    open: true,
    visit: async () => ({ status: 200, reason: 'OK', ...(await read()) }),
  };
}
