import type { Tool } from './tool.js';

/** An empty Node process: what memory and wake-ups of those in one are compared with. */
export const nothing: Tool = {
  name: 'nothing',
  title: 'empty Node process',
  load: async () => ({ open: async () => ({ pid: process.pid, close: () => {} }) }),
};
