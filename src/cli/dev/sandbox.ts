import type * as sandbox from '@countersign/sandbox';

/** The sandbox package. It is loaded only where a stack is started, because production carries no such package. */
export type Sandbox = typeof sandbox;
