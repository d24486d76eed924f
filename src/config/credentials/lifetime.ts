import { group, lifetime as span, withDefault } from '../scalars.ts';

/** How long tokens live, milliseconds. */
export const lifetime = group({
  default: withDefault(span, '5m'),
  max: withDefault(span, '24h'),
  refreshBefore: withDefault(span, '60s'),
});
