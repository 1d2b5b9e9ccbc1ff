import { createServer, type Server } from 'node:http';

/** `GET /healthz` on 127.0.0.1: 200 while `healthy` says so, else 503. Answers nothing else. */
export function serveHealth(port: number, healthy: () => boolean): Server {
  const server = createServer((request, response) => {
    if (request.url !== '/healthz') return response.writeHead(404).end();
    const up = healthy();
    return response
      .writeHead(up ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(JSON.stringify({ status: up ? 'up' : 'down' }));
  });
  return server.listen(port, '127.0.0.1');
}
