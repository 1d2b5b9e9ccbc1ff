/** Task queues: one privilege each (DESIGN.md §4). Workflows and their local activities run on `governance`. */
export const taskQueues = { governance: 'governance', ehr: 'ehr', llm: 'llm', notify: 'notify' } as const;
