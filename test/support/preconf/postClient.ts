/**
 * Posts JSON over connections that are kept, in a fraction of the time that node's own client takes: what makes load must not be what
 * is measured. One request at a time on a connection; who finds none free waits for one.
 */
import { connect, type Socket } from 'node:net'

export type Answer = { readonly status: number; readonly text: string }

export type PostClient = {
  /** Rejects when the connection breaks before the answer is whole. */
  post(body: Uint8Array): Promise<Answer>
  close(): void
}

type Job = { readonly body: Uint8Array; resolve(answer: Answer): void; reject(error: Error): void }

export function createPostClient(to: {
  readonly url: URL
  readonly connectionsMax: number
  /** Of this machine; default: whichever the system takes. */
  readonly localAddress?: string
}): PostClient {
  const { url, connectionsMax, localAddress } = to
  const waiting: Job[] = []
  const idle: Connection[] = []
  const all = new Set<Connection>()

  const free = (connection: Connection): void => {
    const next = waiting.shift()
    if (next !== undefined) connection.send(next)
    else idle.push(connection)
  }
  const open = (): Connection => {
    const socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      ...(localAddress !== undefined && { localAddress }),
    })
    const connection = createConnection(socket, url, {
      onFree: () => free(connection),
      onUnanswered: (job) => waiting.unshift(job),
      onEnd: () => {
        all.delete(connection)
        const at = idle.indexOf(connection)
        if (at >= 0) idle.splice(at, 1)
        if (waiting.length > 0) free(open())
      },
    })
    all.add(connection)
    return connection
  }

  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        waiting.push({ body, resolve, reject })
        const connection = idle.pop() ?? (all.size < connectionsMax ? open() : undefined)
        if (connection !== undefined) free(connection)
      }),
    close() {
      for (const connection of all) connection.close()
    },
  }
}

type Connection = { send(job: Job): void; close(): void }

function createConnection(
  socket: Socket,
  { host, pathname }: URL,
  events: { onFree(): void; onUnanswered(job: Job): void; onEnd(): void },
): Connection {
  let job: Job | undefined
  let received = ''
  let answers = 0

  const take = (): void => {
    const headEnd = received.indexOf('\r\n\r\n')
    if (job === undefined || headEnd < 0) return
    const head = received.slice(0, headEnd)
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN)
    if (Number.isNaN(length)) throw new Error(`an answer without a length: ${head}`)
    if (received.length < headEnd + 4 + length) return
    const text = received.slice(headEnd + 4, headEnd + 4 + length)
    received = received.slice(headEnd + 4 + length)
    const done = job
    job = undefined
    answers++
    done.resolve({ status: Number(head.slice(9, 12)), text })
    if (/^connection: *close/im.test(head)) socket.destroy()
    else events.onFree()
  }

  // Answers are ASCII, so that characters are bytes.
  socket.setEncoding('latin1')
  socket.on('data', (part: string) => {
    received += part
    take()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    // One that was kept may be closed by the server just as it is used again.
    if (job !== undefined && answers > 0 && received === '') events.onUnanswered(job)
    else job?.reject(new Error('the connection broke'))
    events.onEnd()
  })
  return {
    send(next) {
      job = next
      const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${next.body.length}\r\n\r\n`
      socket.cork()
      socket.write(head, 'latin1')
      socket.write(next.body)
      socket.uncork()
    },
    close: () => socket.destroy(),
  }
}
