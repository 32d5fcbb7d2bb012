/** inotify's limits: their values, the need for them, their users, and how to raise them. */
export {
  type AppliedLimit,
  applyLimits,
  LimitsFileError,
  LimitsReadOnlyError,
  sysctlFile,
} from './apply.js';
export { assessLimits, type LimitAssessment, type WatchShare } from './assess.js';
export {
  type InotifyLimits,
  type LimitName,
  limitNames,
  readLimits,
  sysctlName,
} from './inotify-limits.js';
export { type LimitPlan, planLimits, recommendedWatches, watchMemory } from './plan.js';
