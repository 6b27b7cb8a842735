/** A target that takes fewer parts than its service: the store behind it has a lower limit. */
import { limitParts } from '../../core/part-plan.js';
import type { Target } from '../ports/target.js';
import { delegate } from './delegate.js';

/** @param partsMax the most parts of an upload, from --max-parts; null: the service's own limit */
export function withMaxParts(target: Target, partsMax: number | null): Target {
  if (partsMax === null) return target;
  return delegate(target, ({ capabilities }) => ({
    capabilities: { ...capabilities, limits: limitParts(capabilities.limits, partsMax) },
  }));
}
