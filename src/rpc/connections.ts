/** One address may not take all connections of a server: whoever trickles on many of them keeps nobody else out. */
import type { Server } from 'node:http'
import { isLoopback, plainAddress } from './client.ts'

/** By the address of the connection itself: what a proxy says comes later, and its own connections are of this machine. */
export function limitConnections(server: Server, perAddressMax: number): void {
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const address = plainAddress(socket.remoteAddress ?? 'unknown')
    if (isLoopback(address)) return
    const count = (open.get(address) ?? 0) + 1
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
    if (count > perAddressMax) socket.destroy()
  })
}
