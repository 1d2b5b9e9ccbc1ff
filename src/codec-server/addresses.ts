/** Where codec server and UI are reached, and what that means for cookies and origins. */

export interface Addresses {
  /** Public URL of the codec server. */
  readonly codec: URL;
  /** Public URL of the Temporal UI behind our proxy: the only origin that may ask for decoding. */
  readonly ui: URL;
  /** Browsers keep a `__Host-` cookie only over HTTPS; plain HTTP is for loopback. */
  readonly cookie: { readonly name: string; readonly secure: boolean };
}

export interface PublicUrls {
  readonly codec: string;
  /** Unless told, that of the codec server with the proxy's own port. */
  readonly ui: string | undefined;
  readonly uiPort: number;
}

/** @throws Error that says which URL to mend. */
export function addressesOf({ codec, ui, uiPort }: PublicUrls): Addresses {
  const codecUrl = bare(codec, 'COUNTERSIGN_CODEC_URL');
  const uiUrl = ui === undefined ? new URL(codecUrl) : bare(ui, 'COUNTERSIGN_UI_PROXY_URL');
  if (ui === undefined) uiUrl.port = String(uiPort);
  // One sign-in serves both, and its cookie is bound to a host name; ports do not matter to cookies.
  if (uiUrl.hostname !== codecUrl.hostname || uiUrl.protocol !== codecUrl.protocol)
    throw new Error('COUNTERSIGN_CODEC_URL and COUNTERSIGN_UI_PROXY_URL must share protocol and host name');
  if (uiUrl.host === codecUrl.host) throw new Error('codec server and UI proxy need a port each');
  const secure = codecUrl.protocol === 'https:';
  if (!secure && !isLoopback(codecUrl.hostname))
    throw new Error('COUNTERSIGN_CODEC_URL must be https: a session cookie must not travel in clear');
  return {
    codec: codecUrl,
    ui: uiUrl,
    cookie: { name: secure ? '__Host-countersign_operator' : 'countersign_operator', secure },
  };
}

function bare(text: string, variable: string): URL {
  const url = new URL(text);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || !/^https?:$/.test(url.protocol))
    throw new Error(`${variable} must be an origin: protocol, host name and port`);
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]';
}
