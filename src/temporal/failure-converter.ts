import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts messages and stacks of failures into encoded attributes. The workflow bundle, every worker and every client use
 * this one: a side without it writes failures in clear, and nothing warns.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
