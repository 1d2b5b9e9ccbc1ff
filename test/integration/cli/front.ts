/** An address before the real API that passes everything on, and can be made to lie: the API, taken over. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

type Change = (answer: Record<string, unknown>) => unknown;

export interface Front {
  readonly url: string;
  /** From now on answers of this path are changed; without a change they are true again. */
  lie(path: string, change: Change | undefined): void;
  /** Paths that were answered, in order. */
  readonly answered: readonly string[];
  close(): Promise<void>;
}

export async function frontOf(real: string): Promise<Front> {
  const lies = new Map<string, Change>();
  const answered: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const { authorization } = request.headers;
      const answer = await fetch(`${real}${request.url}`, {
        method: request.method ?? 'GET',
        headers: {
          ...(authorization !== undefined && { authorization }),
          ...(body !== '' && { 'content-type': 'application/json' }),
        },
        ...(body !== '' && { body }),
      });
      const told = await answer.text();
      answered.push(request.url ?? '');
      const lie = answer.ok ? lies.get(request.url ?? '') : undefined;
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? 'application/json',
        'retry-after': answer.headers.get('retry-after') ?? '1',
      });
      response.end(lie === undefined ? told : JSON.stringify(lie(Object(JSON.parse(told)))));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://localhost:${port}`,
    answered,
    lie: (path, change) => void (change === undefined ? lies.delete(path) : lies.set(path, change)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
