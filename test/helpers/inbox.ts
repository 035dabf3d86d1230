/** A request as it came in. */
export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A web server on loopback that keeps what it is sent, and answers as it is told. `using inbox = openInbox()`. */
export interface Inbox extends Disposable {
  readonly url: string;
  readonly host: string;
  /** What came in since the last call. */
  take(): Received[];
  /** What came in, as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: documents of several services
  documents(): any[];
  answer: () => Response | Promise<Response>;
}

export function openInbox(): Inbox {
  const received: Received[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = Object.fromEntries(request.headers);
      received.push({ path: pathname + search, headers, body: await request.text() });
      return inbox.answer();
    },
  });
  const inbox: Inbox = {
    url: `http://127.0.0.1:${server.port}`,
    host: `127.0.0.1:${server.port}`,
    take: () => received.splice(0),
    documents: () => received.splice(0).map(({ body }) => JSON.parse(body)),
    answer: () => new Response("ok"),
    [Symbol.dispose]: () => void server.stop(true),
  };
  return inbox;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

/** A mail server on loopback that keeps what it is sent: as much of SMTP as a client needs. */
export function openMailServer(): { readonly port: number; readonly mails: Mail[] } & Disposable {
  const mails: Mail[] = [];
  interface Session {
    rest: string;
    from: string;
    to: string[];
    lines: string[] | undefined;
  }
  const speak = (session: Session, line: string): string => {
    if (session.lines) {
      if (line !== ".") {
        session.lines.push(line.replace(/^\.\./, "."));
        return "";
      }
      mails.push({ from: session.from, to: session.to, text: session.lines.join("\n") });
      Object.assign(session, { from: "", to: [], lines: undefined });
      return "250 kept\r\n";
    }
    const address = /<(.*)>/.exec(line)?.[1] ?? "";
    if (/^MAIL FROM:/i.test(line)) session.from = address;
    if (/^RCPT TO:/i.test(line)) session.to.push(address);
    if (/^DATA$/i.test(line)) session.lines = [];
    return session.lines ? "354 go on\r\n" : /^QUIT$/i.test(line) ? "221 bye\r\n" : "250 fine\r\n";
  };
  const server = Bun.listen<Session>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { rest: "", from: "", to: [], lines: undefined };
        socket.write("220 mail.example\r\n");
      },
      data(socket, chunk) {
        const lines = (socket.data.rest + chunk.toString("utf8")).split("\r\n");
        socket.data.rest = lines.pop() ?? "";
        for (const line of lines) socket.write(speak(socket.data, line));
      },
    },
  });
  return { port: server.port, mails, [Symbol.dispose]: () => server.stop(true) };
}
