/** How a client finds the node of a data folder. The page is docs/protocol/api.md. */
import { z } from 'zod';

/** In the data folder, readable by its owner alone: where the API listens, while a node runs. */
export const API_FILE = 'api.json';
/** In the data folder, readable by its owner alone: what a request over loopback must carry. */
export const TOKEN_FILE = 'api.token';
/** In the data folder, where its path is short enough for a Unix socket. */
export const SOCKET_FILE = 'api.sock';

export const ApiFile = z.object({
  /** Path of the Unix socket; null where there is none (Windows). */
  socket: z.string().nullable(),
  /** `http://127.0.0.1:PORT`; null when it does not listen there. */
  url: z.string().nullable(),
  pid: z.int(),
});
export type ApiFile = z.infer<typeof ApiFile>;
