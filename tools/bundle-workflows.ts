/** Makes the workflow bundle and keeps it beside the build, so that a worker in a read-only image finds it made. */
import { workflowBundle } from '../worker/bundle.js';

const { code } = await workflowBundle();
process.stdout.write(`workflow bundle: ${Math.ceil(code.length / 1024)} KiB\n`);
