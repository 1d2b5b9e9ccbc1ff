export { governedAction } from './action/governed-action.workflow.js';
export { retention, retentionSweep } from './retention/retention.workflow.js';
