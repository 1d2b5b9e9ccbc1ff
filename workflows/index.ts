export { governedAction } from './action/governed-action.workflow.js';
export { enrolPasskey } from './passkey/enrol-passkey.workflow.js';
export { vouchPasskey } from './passkey/vouch-passkey.workflow.js';
export { reconcile } from './reconcile/reconcile.workflow.js';
export { retention, retentionSweep } from './retention/retention.workflow.js';
export { changeRulebook } from './rulebook/change-rulebook.workflow.js';
